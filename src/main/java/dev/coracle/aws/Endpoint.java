// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import dev.coracle.aws.RequestPrinter.Planned;
import dev.coracle.sagemaker.ModelArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sagemaker.SageMakerClient;
import software.amazon.awssdk.services.sagemaker.model.CreateEndpointConfigRequest;
import software.amazon.awssdk.services.sagemaker.model.CreateEndpointRequest;
import software.amazon.awssdk.services.sagemaker.model.CreateModelRequest;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointResponse;
import software.amazon.awssdk.services.sagemaker.model.DescribeTrainingJobRequest;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariant;

/** Uploads a model if it is local, and creates an endpoint that serves it. */
public final class Endpoint {

  private static final Set<String> CHANGING =
      Set.of("Creating", "Updating", "SystemUpdating", "RollingBack");

  private static final String KEY = "model/model.tar.gz";

  private final DeployOptions options;
  private final @Nullable Place place;
  private final Ownership owner;
  private final Created created = new Created();
  private volatile boolean besideJob;

  public Endpoint(DeployOptions options) {
    this.options = options;
    // A model that is already in S3 needs no place of ours.
    this.place =
        options.isRemote() ? null : new Place(Objects.requireNonNull(options.bucket), options.name);
    this.owner = Ownership.of(options.name, place == null ? null : options.bucket);
  }

  /** Returns, as JSON, what {@link #deploy} would send; makes no calls. */
  public String plan() {
    List<Planned> requests = new ArrayList<>();
    requests.add(
        new Planned(
            DescribeTrainingJobRequest.builder().trainingJobName(options.name).build(),
            "to warn of a job of this name"));
    if (place != null) {
      requests.add(new Planned(place.putMarker(owner.run()), "the marker"));
      requests.add(new Planned(place.list(), "to see that nothing else is there"));
      requests.add(new Planned(place.put(KEY, owner.run()), "from " + options.model));
    }
    requests.add(new Planned(model()));
    requests.add(new Planned(configuration()));
    requests.add(new Planned(endpoint()));
    return RequestPrinter.print(requests);
  }

  /**
   * Creates model, endpoint configuration and endpoint, and waits until it answers.
   *
   * @throws CoracleException when that fails; {@link #created} tells what exists nevertheless
   */
  public void deploy(Aws aws, Listener listener) {
    SageMakerClient client = aws.sageMaker();
    Resources resources = new Resources(client);
    besideJob = hasJob(resources);
    if (place != null) {
      upload(aws, place, listener);
    }
    create(resources, Resources.Kind.MODEL, () -> client.createModel(model()), listener);
    create(
        resources,
        Resources.Kind.ENDPOINT_CONFIG,
        () -> client.createEndpointConfig(configuration()),
        listener);
    create(resources, Resources.Kind.ENDPOINT, () -> client.createEndpoint(endpoint()), listener);
    await(client, listener);
  }

  /** Returns what {@link #deploy} has created so far, in words; thread-safe. */
  public List<String> created() {
    return created.soFar();
  }

  /**
   * Tells whether {@link #deploy} has found a training job of the same name, which a deletion would
   * also delete, with the model that it has saved.
   */
  public boolean isBesideJob() {
    return besideJob;
  }

  private boolean hasJob(Resources resources) {
    try {
      return resources
          .find(Resources.Kind.TRAINING_JOB, options.name)
          .filter(job -> job.isOf(options.name))
          .isPresent();
    } catch (CoracleException e) {
      if (e.getCause() instanceof SdkException cause && Failures.isDenied(cause)) {
        return false; // whoever may not look at jobs cannot delete them either
      }
      throw e;
    }
  }

  private void create(Resources resources, Resources.Kind kind, Runnable call, Listener listener) {
    resources.create(kind, owner, call);
    created.add(kind + " " + options.name, listener);
  }

  private void upload(Aws aws, Place to, Listener listener) {
    boolean ours = to.isOurs(aws.s3());
    if (!ours) {
      to.claim(aws.s3(), owner.run());
      created.add("objects below " + to, listener);
    }
    listener.status("uploading " + options.model);
    if (!options.model.endsWith(".onnx")) {
      to.upload(aws.s3(), Path.of(options.model), KEY, owner.run());
    } else {
      uploadPacked(aws, to, Path.of(options.model));
    }
    if (ours) {
      created.add(to.uri(KEY), listener);
    }
  }

  private void uploadPacked(Aws aws, Place to, Path model) {
    try (TemporaryFolder temporary = TemporaryFolder.create()) {
      Path content = Files.createDirectory(temporary.path().resolve("model"));
      Files.copy(model, content.resolve(model.getFileName()));
      Path archive = temporary.path().resolve("model.tar.gz");
      ModelArchive.pack(content, archive);
      to.upload(aws.s3(), archive, KEY, owner.run());
    } catch (IOException e) {
      throw new CoracleException(
          "cannot pack %s: %s".formatted(model, CoracleException.reason(e)), e);
    }
  }

  private CreateModelRequest model() {
    String data = place == null ? options.model : place.uri(KEY);
    return CreateModelRequest.builder()
        .modelName(options.name)
        .executionRoleArn(options.role)
        .primaryContainer(container -> container.image(options.image).modelDataUrl(data))
        .tags(owner.tags())
        .build();
  }

  private CreateEndpointConfigRequest configuration() {
    ProductionVariant.Builder variant =
        ProductionVariant.builder().variantName("AllTraffic").modelName(options.name);
    if (options.serverless) {
      variant.serverlessConfig(
          s -> s.memorySizeInMB(options.memoryMb).maxConcurrency(options.maxConcurrency));
    } else {
      variant.instanceType(options.instanceType).initialInstanceCount(options.instanceCount);
    }
    return CreateEndpointConfigRequest.builder()
        .endpointConfigName(options.name)
        .productionVariants(variant.build())
        .tags(owner.tags())
        .build();
  }

  private CreateEndpointRequest endpoint() {
    return CreateEndpointRequest.builder()
        .endpointName(options.name)
        .endpointConfigName(options.name)
        .tags(owner.tags())
        .build();
  }

  private void await(SageMakerClient client, Listener listener) {
    DescribeEndpointResponse endpoint =
        new Polling(options.poll, listener)
            .until(
                "wait for endpoint " + options.name,
                () -> {
                  DescribeEndpointResponse now =
                      client.describeEndpoint(request -> request.endpointName(options.name));
                  listener.status("endpoint " + now.endpointStatusAsString());
                  return now;
                },
                now -> !CHANGING.contains(now.endpointStatusAsString()));
    String status = endpoint.endpointStatusAsString();
    if (!status.equals("InService")) {
      String reason = endpoint.failureReason();
      throw new CoracleException(
          "endpoint %s is %s rather than InService: %s"
              .formatted(
                  options.name,
                  status,
                  reason == null ? "SageMaker gives no reason" : Text.line(reason)));
    }
  }
}
