// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import dev.coracle.aws.RequestPrinter.Planned;
import dev.coracle.sagemaker.ModelArchive;
import dev.coracle.sagemaker.TrainingMetrics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import software.amazon.awssdk.services.sagemaker.model.Channel;
import software.amazon.awssdk.services.sagemaker.model.CreateTrainingJobRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeTrainingJobResponse;
import software.amazon.awssdk.services.sagemaker.model.MetricDefinition;
import software.amazon.awssdk.services.sagemaker.model.S3DataDistribution;
import software.amazon.awssdk.services.sagemaker.model.S3DataType;
import software.amazon.awssdk.services.sagemaker.model.SecondaryStatusTransition;
import software.amazon.awssdk.services.sagemaker.model.StoppingCondition;

/** Uploads data, starts a training job on them, follows it, and fetches its model. */
public final class TrainingJob {

  private static final Set<String> OVER = Set.of("Completed", "Failed", "Stopped");

  private final LaunchOptions options;
  private final Place place;
  private final Ownership owner;
  private final Created created = new Created();
  private volatile boolean over;

  public TrainingJob(LaunchOptions options) {
    this.options = options;
    this.place = new Place(options.bucket, options.name);
    this.owner = Ownership.of(options.name, options.bucket);
  }

  /** Returns, as JSON, what {@link #start} would send; makes no calls. */
  public String plan() {
    List<Planned> requests = new ArrayList<>();
    requests.add(new Planned(place.putMarker(owner.run()), "the marker"));
    requests.add(new Planned(place.list(), "to see that nothing else is there"));
    uploads()
        .forEach(
            (key, file) -> requests.add(new Planned(place.put(key, owner.run()), "from " + file)));
    requests.add(new Planned(request()));
    return RequestPrinter.print(requests);
  }

  /** Uploads the data and creates the job, which then runs whatever happens here. */
  public void start(Aws aws, Listener listener) {
    aws.sageMaker(); // fails here, before any upload, if something for it is missing
    place.claim(aws.s3(), owner.run());
    created.add("objects below " + place, listener);
    uploads()
        .forEach(
            (key, file) -> {
              listener.status("uploading " + file);
              place.upload(aws.s3(), file, key, owner.run());
            });
    new Resources(aws.sageMaker())
        .create(
            Resources.Kind.TRAINING_JOB, owner, () -> aws.sageMaker().createTrainingJob(request()));
    created.add("training job " + options.name, listener);
  }

  /** Returns what {@link #start} has created so far, in words; thread-safe. */
  public List<String> created() {
    return created.soFar();
  }

  /** Tells whether {@link #follow} has seen the job end; thread-safe. */
  public boolean isOver() {
    return over;
  }

  private Map<String, Path> uploads() {
    Map<String, Path> files = new TreeMap<>();
    options.training.forEach(file -> files.put("data/training/" + file.getFileName(), file));
    options.testing.forEach(file -> files.put("data/testing/" + file.getFileName(), file));
    return files;
  }

  private CreateTrainingJobRequest request() {
    CreateTrainingJobRequest.Builder request =
        CreateTrainingJobRequest.builder()
            .trainingJobName(options.name)
            .roleArn(options.role)
            .algorithmSpecification(
                algorithm ->
                    algorithm
                        .trainingImage(options.image)
                        .trainingInputMode(options.inputMode)
                        .metricDefinitions(metrics()))
            .inputDataConfig(channels())
            .outputDataConfig(output -> output.s3OutputPath(place.uri("output/")))
            .resourceConfig(
                machines ->
                    machines
                        .instanceType(options.instanceType)
                        .instanceCount(options.instanceCount)
                        .volumeSizeInGB(options.volumeGb))
            .stoppingCondition(stopping())
            .tags(owner.tags());
    if (!options.hyperparameters.isEmpty()) {
      request.hyperParameters(options.hyperparameters);
    }
    if (options.spot) {
      request.enableManagedSpotTraining(true);
    }
    if (options.checkpoints) {
      request.checkpointConfig(
          to -> to.s3Uri(place.uri("checkpoints/")).localPath("/opt/ml/checkpoints"));
    }
    return request.build();
  }

  private StoppingCondition stopping() {
    StoppingCondition.Builder stopping =
        StoppingCondition.builder().maxRuntimeInSeconds(options.maxRunSeconds);
    return (options.spot ? stopping.maxWaitTimeInSeconds(options.maxWaitSeconds) : stopping)
        .build();
  }

  private static List<MetricDefinition> metrics() {
    return new TreeMap<>(TrainingMetrics.DEFINITIONS)
        .entrySet().stream()
            .map(m -> MetricDefinition.builder().name(m.getKey()).regex(m.getValue()).build())
            .toList();
  }

  private List<Channel> channels() {
    List<Channel> channels = new ArrayList<>();
    if (!options.training.isEmpty()) {
      channels.add(channel("training"));
    }
    if (!options.testing.isEmpty()) {
      channels.add(channel("testing"));
    }
    return channels;
  }

  private Channel channel(String name) {
    return Channel.builder()
        .channelName(name)
        .dataSource(
            source ->
                source.s3DataSource(
                    s3 ->
                        s3.s3DataType(S3DataType.S3_PREFIX)
                            .s3Uri(place.uri("data/" + name + "/"))
                            // Each host gets all data: the container shuffles and splits them
                            // itself.
                            .s3DataDistributionType(S3DataDistribution.FULLY_REPLICATED)))
        .build();
  }

  /**
   * Follows the job and its log until it is over, and returns the S3 URI of its model.
   *
   * @throws CoracleException when the job has failed, with the reason that it gave, or was stopped
   */
  public String follow(Aws aws, Listener listener) {
    JobLog log = new JobLog(aws, options.name, options.instanceCount > 1, listener);
    Polling polling = new Polling(options.poll, listener);
    DescribeTrainingJobResponse job =
        polling.until(
            "follow training job " + options.name,
            () -> {
              DescribeTrainingJobResponse now =
                  aws.sageMaker().describeTrainingJob(r -> r.trainingJobName(options.name));
              log.print();
              listener.status(status(now));
              return now;
            },
            now -> OVER.contains(now.trainingJobStatusAsString()));
    over = true;
    polling.pause(); // the last lines reach CloudWatch late
    log.printLast();
    return model(job);
  }

  private static String status(DescribeTrainingJobResponse job) {
    List<SecondaryStatusTransition> transitions = job.secondaryStatusTransitions();
    String message =
        transitions.isEmpty() ? null : transitions.get(transitions.size() - 1).statusMessage();
    String status = job.trainingJobStatusAsString() + " / " + job.secondaryStatusAsString();
    return message == null || message.isBlank() ? status : status + ": " + Text.line(message);
  }

  private String model(DescribeTrainingJobResponse job) {
    String status = job.trainingJobStatusAsString();
    if (status.equals("Failed")) {
      throw new CoracleException(
          "training job %s failed: %s"
              .formatted(options.name, Text.line(String.valueOf(job.failureReason()))));
    }
    if (status.equals("Stopped")) {
      throw new CoracleException(
          "training job %s was stopped (%s); what it has saved is below %s"
              .formatted(options.name, job.secondaryStatusAsString(), place.uri("output/")));
    }
    return job.modelArtifacts().s3ModelArtifacts();
  }

  /**
   * Downloads a model.tar.gz and unpacks it into a folder that is empty or does not exist yet.
   *
   * @throws CoracleException as {@link ModelArchive#unpack} does
   */
  public static void fetch(Aws aws, String model, Path folder) {
    try (TemporaryFolder temporary = TemporaryFolder.create()) {
      Path archive = temporary.path().resolve("model.tar.gz");
      Place.download(aws.s3(), model, archive);
      ModelArchive.unpack(archive, folder);
    }
  }
}
