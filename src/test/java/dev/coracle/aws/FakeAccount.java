// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static dev.coracle.aws.FakeSageMaker.JSON;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.aws.FakeSageMaker.ServiceError;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Keeps what SageMaker would keep, with its states: a job or an endpoint takes a step each time
 * that somebody asks. Error texts are the service's own, as its users report them.
 */
public final class FakeAccount {

  private static final String ARN = "arn:aws:sagemaker:us-east-1:123456789012:";

  private static final List<String> OVER = List.of("Completed", "Failed", "Stopped");

  /** A step of a job: {@code log} is what the container prints on it. */
  public record Step(String status, String secondary, String message, List<String> log) {

    static Step of(String status, String secondary, String... log) {
      return new Step(status, secondary, secondary + " it is", List.of(log));
    }
  }

  /** What a job goes through when nothing is in its way. */
  public static final List<Step> SUCCESS =
      List.of(
          Step.of("InProgress", "Starting"),
          Step.of("InProgress", "Downloading"),
          Step.of("InProgress", "Training", "one", "two", "epoch=1; train_loss=0.500000;"),
          Step.of("InProgress", "Uploading", "four"),
          Step.of("Completed", "Completed"));

  /** A spot instance that is taken away once. */
  static final List<Step> INTERRUPTED =
      List.of(
          Step.of("InProgress", "Starting"),
          Step.of("InProgress", "Training", "one"),
          Step.of("InProgress", "Interrupted"),
          Step.of("InProgress", "Starting"),
          Step.of("InProgress", "Training", "two"),
          Step.of("Completed", "Completed"));

  private static final class Resource {
    final JsonNode request;
    final String arn;
    final Map<String, String> tags = new TreeMap<>();
    List<String> states = new ArrayList<>();
    List<Step> steps = List.of();
    int position = -1;

    Resource(JsonNode request, String arn) {
      this.request = request;
      this.arn = arn;
      request.path("Tags").forEach(t -> tags.put(t.path("Key").asText(), t.path("Value").asText()));
    }

    Step step() {
      return steps.get(Math.max(position, 0));
    }

    String state() {
      return states.get(0);
    }
  }

  private final Map<String, Resource> jobs = new TreeMap<>();
  private final Map<String, Resource> models = new TreeMap<>();
  private final Map<String, Resource> configs = new TreeMap<>();
  private final Map<String, Resource> endpoints = new TreeMap<>();
  private final FakeLogs logs = new FakeLogs();
  private List<Step> steps = SUCCESS;
  private List<String> endpointStates = List.of("Creating", "Creating", "InService");
  private String failureReason = "AlgorithmError: the container's last words";
  private Consumer<String> modelWriter = uri -> {};

  public synchronized void steps(List<Step> of) {
    steps = of;
  }

  synchronized void endpointStates(String... states) {
    endpointStates = List.of(states);
  }

  synchronized void failureReason(String reason) {
    failureReason = reason;
  }

  /** Is told the address of model.tar.gz when a job is over. */
  public synchronized void modelWriter(Consumer<String> writer) {
    modelWriter = writer;
  }

  synchronized FakeLogs logs() {
    return logs;
  }

  private static Resource get(Map<String, Resource> all, String name) {
    return Objects.requireNonNull(all.get(name), name);
  }

  /** What the CreateTrainingJob request of a name was. */
  public synchronized JsonNode job(String name) {
    return get(jobs, name).request;
  }

  public synchronized JsonNode model(String name) {
    return get(models, name).request;
  }

  synchronized JsonNode config(String name) {
    return get(configs, name).request;
  }

  synchronized String jobStatus(String name) {
    return get(jobs, name).step().status();
  }

  /** Kinds and names of all that is there and can be deleted. */
  public synchronized List<String> there() {
    List<String> all = new ArrayList<>();
    jobs.keySet().forEach(name -> all.add("job " + name));
    endpoints.keySet().forEach(name -> all.add("endpoint " + name));
    configs.keySet().forEach(name -> all.add("config " + name));
    models.keySet().forEach(name -> all.add("model " + name));
    return all;
  }

  synchronized boolean isInService(String name) {
    Resource endpoint = endpoints.get(name);
    return endpoint != null && endpoint.state().equals("InService");
  }

  synchronized JsonNode call(String operation, JsonNode request) {
    return switch (operation) {
      case "CreateTrainingJob" -> createJob(request);
      case "DescribeTrainingJob" -> describeJob(request.path("TrainingJobName").asText());
      case "StopTrainingJob" -> stopJob(request.path("TrainingJobName").asText());
      case "DeleteTrainingJob" -> deleteJob(request.path("TrainingJobName").asText());
      case "CreateModel" -> {
        String name = request.path("ModelName").asText();
        yield create(models, "model", "model", name, request, "ModelArn");
      }
      case "DescribeModel" -> describeModel(request.path("ModelName").asText());
      case "DeleteModel" -> delete(models, "model", "model", request.path("ModelName").asText());
      case "CreateEndpointConfig" -> createConfig(request);
      case "DescribeEndpointConfig" -> describeConfig(request.path("EndpointConfigName").asText());
      case "DeleteEndpointConfig" -> deleteConfig(request.path("EndpointConfigName").asText());
      case "CreateEndpoint" -> createEndpoint(request);
      case "DescribeEndpoint" -> describeEndpoint(request.path("EndpointName").asText());
      case "DeleteEndpoint" -> deleteEndpoint(request.path("EndpointName").asText());
      case "ListTags" -> tags(request.path("ResourceArn").asText(), request);
      case "DescribeLogStreams" -> logs.streams(request);
      case "GetLogEvents" -> logs.events(request);
      default -> throw new ServiceError(400, "UnknownOperationException", operation);
    };
  }

  private static String arn(String kind, String name) {
    return ARN + kind + "/" + name.toLowerCase(Locale.ROOT);
  }

  private static ServiceError invalid(String message) {
    return new ServiceError(400, "ValidationException", message);
  }

  private static Resource require(
      Map<String, Resource> all, String kind, String words, String name) {
    Resource resource = all.get(name);
    if (resource == null) {
      throw invalid("Could not find %s \"%s\".".formatted(words, arn(kind, name)));
    }
    return resource;
  }

  private static JsonNode create(
      Map<String, Resource> all,
      String kind,
      String words,
      String name,
      JsonNode request,
      String member) {
    if (all.containsKey(name)) {
      throw invalid("Cannot create already existing %s \"%s\".".formatted(words, arn(kind, name)));
    }
    Resource resource = new Resource(request, arn(kind, name));
    all.put(name, resource);
    return JSON.createObjectNode().put(member, resource.arn);
  }

  private static JsonNode delete(
      Map<String, Resource> all, String kind, String words, String name) {
    require(all, kind, words, name);
    all.remove(name);
    return JSON.createObjectNode();
  }

  private JsonNode createJob(JsonNode request) {
    String name = request.path("TrainingJobName").asText();
    for (String required :
        List.of("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")) {
      if (!request.has(required)) { // the model knows jobs that need none; ours does
        throw invalid("%s is required".formatted(required));
      }
    }
    int run = request.path("StoppingCondition").path("MaxRuntimeInSeconds").asInt();
    int wait = request.path("StoppingCondition").path("MaxWaitTimeInSeconds").asInt(0);
    if (request.path("EnableManagedSpotTraining").asBoolean() != wait > 0
        || (wait > 0 && wait < run)) {
      throw invalid("MaxWaitTimeInSeconds goes with spot, and is at least MaxRuntimeInSeconds");
    }
    if (jobs.containsKey(name)) {
      throw new ServiceError(
          400,
          "ResourceInUse",
          ("Training job names must be unique within an AWS account and region, and a training job"
                  + " with this name already exists (%s)")
              .formatted(arn("training-job", name)));
    }
    Resource job = new Resource(request, arn("training-job", name));
    job.steps = steps;
    jobs.put(name, job);
    return JSON.createObjectNode().put("TrainingJobArn", job.arn);
  }

  private Resource requireJob(String name) {
    Resource job = jobs.get(name);
    if (job == null) {
      throw invalid("Requested resource not found.");
    }
    return job;
  }

  private JsonNode describeJob(String name) {
    Resource job = requireJob(name);
    if (job.position == 0 && job.step().status().equals("Deleting")) {
      jobs.remove(name);
      requireJob(name);
    }
    if (job.position < job.steps.size() - 1) {
      job.position++;
      job.step().log().forEach(line -> logs.add(name + "/algo-1-1700000000", line));
      if (OVER.contains(job.step().status())) {
        modelWriter.accept(artifact(job, name));
      }
    }
    ObjectNode answer = JSON.createObjectNode();
    answer.put("TrainingJobName", name).put("TrainingJobArn", job.arn);
    answer.put("TrainingJobStatus", job.step().status());
    answer.put("SecondaryStatus", job.step().secondary());
    answer.put("CreationTime", 1.7e9).putObject("ModelArtifacts");
    answer.set("AlgorithmSpecification", job.request.path("AlgorithmSpecification"));
    answer.set("ResourceConfig", job.request.path("ResourceConfig"));
    answer.set("StoppingCondition", job.request.path("StoppingCondition"));
    ArrayNode transitions = answer.putArray("SecondaryStatusTransitions");
    for (Step step : job.steps.subList(0, job.position + 1)) {
      ObjectNode transition = transitions.addObject();
      transition.put("Status", step.secondary()).put("StartTime", 1.7e9);
      transition.put("StatusMessage", step.message());
    }
    answer.putObject("ModelArtifacts").put("S3ModelArtifacts", artifact(job, name));
    if (job.step().status().equals("Failed")) {
      answer.put("FailureReason", failureReason);
    }
    return answer;
  }

  private static String artifact(Resource job, String name) {
    return job.request.path("OutputDataConfig").path("S3OutputPath").asText()
        + name
        + "/output/model.tar.gz";
  }

  private JsonNode stopJob(String name) {
    Resource job = requireJob(name);
    if (!job.step().status().equals("InProgress")) {
      throw invalid(
          "The request was rejected because the training job is in status " + job.step().status());
    }
    job.steps =
        List.of(
            Step.of("Stopping", "Stopping"),
            Step.of("Stopping", "Uploading"),
            Step.of("Stopped", "Stopped"));
    job.position = -1;
    return JSON.createObjectNode();
  }

  /** The model has the status Deleting; that it shows, and until when, is a guess. */
  private JsonNode deleteJob(String name) {
    Resource job = jobs.get(name);
    if (job == null) { // this operation has an error of its own for that
      throw new ServiceError(400, "ResourceNotFound", "Resource being access is not found.");
    }
    if (List.of("InProgress", "Stopping").contains(job.step().status())) {
      throw new ServiceError(400, "ResourceInUse", "Resource being accessed is in use.");
    }
    job.steps = List.of(Step.of("Deleting", job.step().secondary()));
    job.position = -1;
    return JSON.createObjectNode();
  }

  private JsonNode describeModel(String name) {
    Resource model = require(models, "model", "model", name);
    ObjectNode answer = JSON.createObjectNode();
    answer.put("ModelName", name).put("ModelArn", model.arn).put("CreationTime", 1.7e9);
    answer.set("PrimaryContainer", model.request.path("PrimaryContainer"));
    return answer;
  }

  private JsonNode createConfig(JsonNode request) {
    for (JsonNode variant : request.path("ProductionVariants")) {
      require(models, "model", "model", variant.path("ModelName").asText());
      if (variant.has("ServerlessConfig") == variant.has("InstanceType")) {
        throw invalid("One of ServerlessConfig and InstanceType is required");
      }
    }
    String name = request.path("EndpointConfigName").asText();
    return create(
        configs, "endpoint-config", "endpoint configuration", name, request, "EndpointConfigArn");
  }

  private JsonNode describeConfig(String name) {
    Resource config = require(configs, "endpoint-config", "endpoint configuration", name);
    ObjectNode answer = JSON.createObjectNode();
    answer.put("EndpointConfigName", name).put("EndpointConfigArn", config.arn);
    answer.put("CreationTime", 1.7e9);
    answer.set("ProductionVariants", config.request.path("ProductionVariants"));
    return answer;
  }

  private JsonNode deleteConfig(String name) {
    if (endpoints.containsKey(name)) { // what users must not do, by the documentation
      throw invalid("The endpoint configuration is in use");
    }
    return delete(configs, "endpoint-config", "endpoint configuration", name);
  }

  private JsonNode createEndpoint(JsonNode request) {
    String config = request.path("EndpointConfigName").asText();
    require(configs, "endpoint-config", "endpoint configuration", config);
    String name = request.path("EndpointName").asText();
    JsonNode answer = create(endpoints, "endpoint", "endpoint", name, request, "EndpointArn");
    get(endpoints, name).states = new ArrayList<>(endpointStates);
    return answer;
  }

  private JsonNode describeEndpoint(String name) {
    Resource endpoint = require(endpoints, "endpoint", "endpoint", name);
    if (endpoint.states.size() > 1) {
      endpoint.states.remove(0);
    } else if (endpoint.state().equals("Deleting")) {
      endpoints.remove(name);
      require(endpoints, "endpoint", "endpoint", name);
    }
    ObjectNode answer = JSON.createObjectNode();
    answer.put("EndpointName", name).put("EndpointArn", endpoint.arn);
    answer.put("EndpointConfigName", endpoint.request.path("EndpointConfigName").asText());
    answer.put("EndpointStatus", endpoint.state());
    answer.put("CreationTime", 1.7e9).put("LastModifiedTime", 1.7e9);
    if (endpoint.state().equals("Failed")) {
      answer.put("FailureReason", failureReason);
    }
    return answer;
  }

  private JsonNode deleteEndpoint(String name) {
    Resource endpoint = require(endpoints, "endpoint", "endpoint", name);
    if (List.of("Creating", "Updating").contains(endpoint.state())) {
      throw invalid("Cannot update in-progress endpoint \"%s\".".formatted(endpoint.arn));
    }
    endpoint.states = new ArrayList<>(List.of("Deleting", "Deleting"));
    return JSON.createObjectNode();
  }

  /** One tag a page. */
  private JsonNode tags(String arn, JsonNode request) {
    for (Map<String, Resource> all : List.of(jobs, models, configs, endpoints)) {
      for (Resource resource : all.values()) {
        if (resource.arn.equals(arn)) {
          return page(new ArrayList<>(resource.tags.entrySet()), request);
        }
      }
    }
    throw invalid("Could not find resource " + arn);
  }

  private static JsonNode page(List<Map.Entry<String, String>> tags, JsonNode request) {
    int at = request.has("NextToken") ? Integer.parseInt(request.path("NextToken").asText()) : 0;
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode list = answer.putArray("Tags");
    if (at < tags.size()) {
      list.addObject().put("Key", tags.get(at).getKey()).put("Value", tags.get(at).getValue());
    }
    if (at + 1 < tags.size()) {
      answer.put("NextToken", String.valueOf(at + 1));
    }
    return answer;
  }
}
