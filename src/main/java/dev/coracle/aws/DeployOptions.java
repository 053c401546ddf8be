// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Says which model is to be served and how; made by {@link #builder}, which checks the values. */
public final class DeployOptions {

  final String name;
  final String image;
  final String role;
  final String model;
  final @Nullable String bucket;
  final String instanceType;
  final int instanceCount;
  final boolean serverless;
  final int memoryMb;
  final int maxConcurrency;
  final Duration poll;

  private DeployOptions(Builder builder) {
    name = ResourceName.name(LaunchOptions.required("name", builder.name));
    image = ResourceName.image(LaunchOptions.required("image", builder.image));
    role = ResourceName.role(LaunchOptions.required("role", builder.role));
    model = LaunchOptions.required("model", builder.model);
    bucket = builder.bucket == null ? null : ResourceName.bucket(builder.bucket);
    checkModel();
    instanceType = builder.instanceType;
    instanceCount = ResourceName.between("instanceCount", builder.instanceCount, 1, 1000);
    serverless = builder.serverless;
    memoryMb = ResourceName.between("memoryMb", builder.memoryMb, 1024, 6144);
    if (memoryMb % 1024 != 0) {
      throw new IllegalArgumentException(
          "memoryMb must be 1024, 2048, 3072, 4096, 5120 or 6144, got " + memoryMb);
    }
    maxConcurrency = ResourceName.between("maxConcurrency", builder.maxConcurrency, 1, 200);
    poll = builder.poll;
  }

  private void checkModel() {
    boolean packed = model.endsWith(".tar.gz");
    if (isRemote() ? !packed : !packed && !model.endsWith(".onnx")) {
      throw new IllegalArgumentException(
          "model must be s3://BUCKET/….tar.gz, a .tar.gz file or an .onnx file, got '%s'"
              .formatted(model));
    }
    if (!isRemote() && !Files.isRegularFile(Path.of(model))) {
      throw new IllegalArgumentException("model must be a file that exists, got '" + model + "'");
    }
    if (!isRemote() && bucket == null) {
      throw new IllegalArgumentException(
          "bucket is required for a model on this machine, which is uploaded there");
    }
  }

  boolean isRemote() {
    return model.startsWith("s3://");
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {
    private @Nullable String name;
    private @Nullable String image;
    private @Nullable String role;
    private @Nullable String model;
    private @Nullable String bucket;
    private String instanceType = "ml.m5.large";
    private int instanceCount = 1;
    private boolean serverless;
    private int memoryMb = 2048;
    private int maxConcurrency = 5;
    private Duration poll = Duration.ofSeconds(10);

    private Builder() {}

    /** Sets the name of the model, the configuration and the endpoint. Required. */
    public Builder name(String value) {
      name = value;
      return this;
    }

    /** Sets the image in ECR, in the endpoint's region. Required. */
    public Builder image(String value) {
      image = value;
      return this;
    }

    /** Sets the ARN of the endpoint's role. Required. */
    public Builder role(String value) {
      role = value;
      return this;
    }

    /**
     * Sets {@code s3://…/model.tar.gz}, or a local .tar.gz, or an .onnx file, which is then packed.
     * Required.
     */
    public Builder model(String value) {
      model = value;
      return this;
    }

    /** Sets the bucket for a local model, which must exist, in the endpoint's region. */
    public Builder bucket(@Nullable String value) {
      bucket = value;
      return this;
    }

    /** Sets the instance type. Default ml.m5.large. */
    public Builder instanceType(String value) {
      instanceType = value;
      return this;
    }

    /** Sets the number of instances. Default 1. */
    public Builder instanceCount(int value) {
      instanceCount = value;
      return this;
    }

    /** Pays per request instead of for instances. Default false. */
    public Builder serverless(boolean value) {
      serverless = value;
      return this;
    }

    /**
     * Sets the memory of a serverless endpoint in MB: 1024 to 6144 in steps of 1024. Default 2048.
     */
    public Builder memoryMb(int value) {
      memoryMb = value;
      return this;
    }

    /** Sets the number of concurrent requests of a serverless endpoint: 1 to 200. Default 5. */
    public Builder maxConcurrency(int value) {
      maxConcurrency = value;
      return this;
    }

    /** Sets the time between two polls of the endpoint's status. Default 10 seconds. */
    public Builder poll(Duration value) {
      poll = Objects.requireNonNull(value);
      return this;
    }

    /**
     * Throws IllegalArgumentException for an invalid or missing value; the first word of its
     * message is the setter.
     */
    public DeployOptions build() {
      return new DeployOptions(this);
    }
  }
}
