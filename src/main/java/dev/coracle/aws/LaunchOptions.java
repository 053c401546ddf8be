// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Says what a training job is to run, and on what; made by {@link #builder}, which checks the
 * values.
 */
public final class LaunchOptions {

  private static final Set<String> INPUT_MODES = Set.of("File", "FastFile", "Pipe");

  /** The service's limit. */
  private static final int MAX_RUN = (int) Duration.ofDays(28).toSeconds();

  final String name;
  final String bucket;
  final String image;
  final String role;
  final List<Path> training;
  final List<Path> testing;
  final String instanceType;
  final int instanceCount;
  final int volumeGb;
  final int maxRunSeconds;
  final int maxWaitSeconds;
  final boolean spot;
  final boolean checkpoints;
  final String inputMode;
  final Map<String, String> hyperparameters;
  final Duration poll;

  private LaunchOptions(Builder builder) {
    name = ResourceName.name(required("name", builder.name));
    bucket = ResourceName.bucket(required("bucket", builder.bucket));
    image = ResourceName.image(required("image", builder.image));
    role = ResourceName.role(required("role", builder.role));
    training = builder.training;
    testing = builder.testing;
    instanceType = builder.instanceType;
    instanceCount = ResourceName.between("instanceCount", builder.instanceCount, 1, 1000);
    volumeGb = ResourceName.between("volumeGb", builder.volumeGb, 1, 16384);
    maxRunSeconds = ResourceName.between("maxRun", builder.maxRunSeconds, 1, MAX_RUN);
    spot = builder.spot;
    Integer wait = builder.maxWaitSeconds;
    if (wait != null && !spot) {
      throw new IllegalArgumentException("maxWait is for spot instances; expected it with --spot");
    }
    maxWaitSeconds = wait == null ? maxRunSeconds : wait;
    if (maxWaitSeconds < maxRunSeconds) {
      throw new IllegalArgumentException(
          "maxWait must be at least the %d seconds that the job may run, got %d"
              .formatted(maxRunSeconds, maxWaitSeconds));
    }
    checkpoints = builder.checkpoints || spot;
    inputMode = builder.inputMode;
    if (!INPUT_MODES.contains(inputMode)) {
      throw new IllegalArgumentException(
          "inputMode must be File, FastFile or Pipe, got '%s'".formatted(inputMode));
    }
    hyperparameters = new TreeMap<>(builder.hyperparameters);
    poll = builder.poll;
  }

  static String required(String setter, @Nullable String value) {
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(setter + " is required");
    }
    return value;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {
    private @Nullable String name;
    private @Nullable String bucket;
    private @Nullable String image;
    private @Nullable String role;
    private List<Path> training = List.of();
    private List<Path> testing = List.of();
    private String instanceType = "ml.m5.xlarge";
    private int instanceCount = 1;
    private int volumeGb = 10;
    private int maxRunSeconds = 3600;
    private @Nullable Integer maxWaitSeconds;
    private boolean spot;
    private boolean checkpoints;
    private String inputMode = "File";
    private Map<String, String> hyperparameters = Map.of();
    private Duration poll = Duration.ofSeconds(10);

    private Builder() {}

    /** Sets the name of the job and of the place in the bucket. Required. */
    public Builder name(String value) {
      name = value;
      return this;
    }

    /** Sets the bucket, which must exist, in the job's region. Required. */
    public Builder bucket(String value) {
      bucket = value;
      return this;
    }

    /** Sets the image in ECR, in the job's region. Required. */
    public Builder image(String value) {
      image = value;
      return this;
    }

    /** Sets the ARN of the job's role. Required. */
    public Builder role(String value) {
      role = value;
      return this;
    }

    /** Sets the files of the channel {@code training}. Default none. */
    public Builder training(List<Path> files) {
      training = List.copyOf(files);
      return this;
    }

    /** Sets the files of the channel {@code testing}. Default none. */
    public Builder testing(List<Path> files) {
      testing = List.copyOf(files);
      return this;
    }

    /** Sets the instance type. Default ml.m5.xlarge. */
    public Builder instanceType(String value) {
      instanceType = value;
      return this;
    }

    /** Sets the number of instances. Default 1. */
    public Builder instanceCount(int value) {
      instanceCount = value;
      return this;
    }

    /** Sets the disk size of each instance in GB. Default 10. */
    public Builder volumeGb(int value) {
      volumeGb = value;
      return this;
    }

    /** Sets the seconds after which the job is stopped. Default 3600, at most 28 days. */
    public Builder maxRun(int seconds) {
      maxRunSeconds = seconds;
      return this;
    }

    /** Sets the seconds for waiting and running together, with spot. Default: as maxRun. */
    public Builder maxWait(@Nullable Integer seconds) {
      maxWaitSeconds = seconds;
      return this;
    }

    /** Takes spot instances, which are cheaper and may be interrupted. Default false. */
    public Builder spot(boolean value) {
      spot = value;
      return this;
    }

    /** Keeps {@code /opt/ml/checkpoints} in the bucket. Default false; always with spot. */
    public Builder checkpoints(boolean value) {
      checkpoints = value;
      return this;
    }

    /** Sets how the data reach the container: File, FastFile or Pipe. Default File. */
    public Builder inputMode(String value) {
      inputMode = value;
      return this;
    }

    /** Sets the hyperparameters, which the container gets in hyperparameters.json. Default none. */
    public Builder hyperparameters(Map<String, String> values) {
      hyperparameters = Map.copyOf(values);
      return this;
    }

    /** Sets the time between two polls of the job's status. Default 10 seconds. */
    public Builder poll(Duration value) {
      poll = Objects.requireNonNull(value);
      return this;
    }

    /**
     * Throws IllegalArgumentException for an invalid or missing value; the first word of its
     * message is the setter.
     */
    public LaunchOptions build() {
      return new LaunchOptions(this);
    }
  }
}
