// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sagemaker.SageMakerClient;
import software.amazon.awssdk.services.sagemaker.model.DescribeEndpointResponse;
import software.amazon.awssdk.services.sagemaker.model.DescribeTrainingJobResponse;
import software.amazon.awssdk.services.sagemaker.model.Tag;

/** Finds SageMaker's resources by kind and name, with their tags, and deletes them. */
final class Resources {

  /**
   * The kinds, in the order in which they are deleted: users of a resource before the resource, and
   * what may not be deletable last.
   */
  enum Kind {
    ENDPOINT("endpoint"),
    ENDPOINT_CONFIG("endpoint configuration"),
    MODEL("model"),
    TRAINING_JOB("training job");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /** An existing resource; {@code status} is empty for kinds that have none. */
  record Found(Kind kind, String name, String arn, String status, Map<String, String> tags) {

    boolean isOf(String owner) {
      return owner.equals(tags.get(Ownership.NAME));
    }

    @Override
    public String toString() {
      return kind + " " + name;
    }
  }

  private final SageMakerClient client;

  Resources(SageMakerClient client) {
    this.client = client;
  }

  /**
   * Creates something with the SDK; counts as success if a repeated call finds it created by the
   * first, whose answer was lost.
   */
  void create(Kind kind, Ownership owner, Runnable call) {
    try {
      call.run();
    } catch (SdkException e) {
      if (!Failures.isNameTaken(e) || !isOfThisRun(kind, owner)) {
        throw Failures.exception("create %s %s".formatted(kind, owner.name()), e);
      }
    }
  }

  private boolean isOfThisRun(Kind kind, Ownership owner) {
    return find(kind, owner.name())
        .filter(found -> owner.run().equals(found.tags().get(Ownership.RUN)))
        .isPresent();
  }

  /** Returns the resource with its tags, or nothing when SageMaker does not know the name. */
  Optional<Found> find(Kind kind, String name) {
    return Failures.call("look up %s %s".formatted(kind, name), () -> ask(kind, name));
  }

  /** As {@link #find}, for {@link Polling}, which needs the SDK's own exceptions. */
  Optional<Found> ask(Kind kind, String name) {
    try {
      Found found = describe(kind, name);
      return Optional.of(new Found(kind, name, found.arn(), found.status(), tags(found.arn())));
    } catch (SdkException e) {
      if (Failures.isMissing(e)) { // also when it was deleted between the two calls
        return Optional.empty();
      }
      throw e;
    }
  }

  private Found describe(Kind kind, String name) {
    switch (kind) {
      case ENDPOINT -> {
        DescribeEndpointResponse endpoint =
            client.describeEndpoint(request -> request.endpointName(name));
        return untagged(kind, name, endpoint.endpointArn(), endpoint.endpointStatusAsString());
      }
      case ENDPOINT_CONFIG -> {
        String arn =
            client
                .describeEndpointConfig(request -> request.endpointConfigName(name))
                .endpointConfigArn();
        return untagged(kind, name, arn, "");
      }
      case MODEL -> {
        String arn = client.describeModel(request -> request.modelName(name)).modelArn();
        return untagged(kind, name, arn, "");
      }
      case TRAINING_JOB -> {
        DescribeTrainingJobResponse job =
            client.describeTrainingJob(request -> request.trainingJobName(name));
        return untagged(kind, name, job.trainingJobArn(), job.trainingJobStatusAsString());
      }
    }
    throw new AssertionError(kind);
  }

  private static Found untagged(Kind kind, String name, String arn, String status) {
    return new Found(kind, name, arn, status, Map.of());
  }

  private Map<String, String> tags(String arn) {
    Map<String, String> tags = new HashMap<>();
    for (Tag tag : client.listTagsPaginator(request -> request.resourceArn(arn)).tags()) {
      tags.put(tag.key(), tag.value());
    }
    return tags;
  }

  /** Stops a training job that is in progress. */
  void stop(Found job) {
    end("stop", job, () -> client.stopTrainingJob(request -> request.trainingJobName(job.name())));
  }

  /** Deletes a resource; a training job must be over. */
  void delete(Found found) {
    String name = found.name();
    end(
        "delete",
        found,
        () ->
            switch (found.kind()) {
              case ENDPOINT -> client.deleteEndpoint(request -> request.endpointName(name));
              case ENDPOINT_CONFIG ->
                  client.deleteEndpointConfig(request -> request.endpointConfigName(name));
              case MODEL -> client.deleteModel(request -> request.modelName(name));
              case TRAINING_JOB ->
                  client.deleteTrainingJob(request -> request.trainingJobName(name));
            });
  }

  private static void end(String verb, Found found, Supplier<?> call) {
    Failures.call(
        verb + " " + found,
        () -> {
          try {
            return call.get();
          } catch (SdkException e) {
            if (Failures.isMissing(e)) { // already deleted, perhaps by a first attempt
              return found;
            }
            throw e;
          }
        });
  }
}
