// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.inference.ModelOptions;
import dev.coracle.protocol.Query;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Says what an {@link InferenceServer} serves, where, and within which limits; immutable. */
public final class ServerOptions {

  private static final int MIB = 1 << 20;

  private final Builder values;

  private ServerOptions(Builder builder) {
    this.values = new Builder(builder);
  }

  public static Builder builder() {
    return new Builder();
  }

  @Nullable Path model() {
    return values.model;
  }

  /** Returns the name of the only model, derived from its file where none was given. */
  String name() {
    if (values.name != null) {
      return values.name;
    }
    String file = String.valueOf(Objects.requireNonNull(values.model).getFileName());
    String name = file.endsWith(".onnx") ? file.substring(0, file.length() - 5) : file;
    return Models.isName(name) ? name : "model"; // such as one with a space, which URIs cannot have
  }

  @Nullable Path modelsFolder() {
    return values.modelsFolder;
  }

  String host() {
    return values.host;
  }

  int port() {
    return values.port;
  }

  boolean watch() {
    return values.watch;
  }

  int maxBodyBytes() {
    return values.maxBodyBytes;
  }

  int maxQueue() {
    return values.maxQueue;
  }

  /** Returns the most bytes of bodies and images held at a time, by default from the heap. */
  long maxPendingBytes() {
    if (values.maxPendingBytes > 0) {
      return values.maxPendingBytes;
    }
    long share = Runtime.getRuntime().maxMemory() / 8;
    return Math.max(values.maxBodyBytes, Math.min(share, 256L * MIB));
  }

  int maxBatch() {
    return values.maxBatch;
  }

  int maxConnections() {
    return values.maxConnections;
  }

  Duration deadline() {
    return values.deadline;
  }

  Duration bodyTimeout() {
    return values.bodyTimeout;
  }

  Duration headerTimeout() {
    return values.headerTimeout;
  }

  Duration drainTimeout() {
    return values.drainTimeout;
  }

  String defaultAccept() {
    return values.defaultAccept;
  }

  ModelOptions modelOptions() {
    return values.modelOptions;
  }

  /** Returns null where no log is wanted. */
  @Nullable Consumer<String> requestLog() {
    return values.requestLog;
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {

    private @Nullable Path model;
    private @Nullable String name;
    private @Nullable Path modelsFolder;
    private String host = "127.0.0.1";
    private int port = 8080;
    private boolean watch;
    private int maxBodyBytes = 32 * MIB;
    private int maxQueue = 1024;
    private long maxPendingBytes;
    private int maxBatch = 32;
    private int maxConnections = 4096;
    private Duration deadline = Duration.ofSeconds(55);
    private Duration bodyTimeout = Duration.ofSeconds(30);
    private Duration headerTimeout = Duration.ofSeconds(10);
    private Duration drainTimeout = Duration.ofSeconds(20);
    private String defaultAccept = "application/json";
    private ModelOptions modelOptions = ModelOptions.DEFAULTS;
    private @Nullable Consumer<String> requestLog;

    private Builder() {}

    private Builder(Builder other) {
      model = other.model;
      name = other.name;
      modelsFolder = other.modelsFolder;
      host = other.host;
      port = other.port;
      watch = other.watch;
      maxBodyBytes = other.maxBodyBytes;
      maxQueue = other.maxQueue;
      maxPendingBytes = other.maxPendingBytes;
      maxBatch = other.maxBatch;
      maxConnections = other.maxConnections;
      deadline = other.deadline;
      bodyTimeout = other.bodyTimeout;
      headerTimeout = other.headerTimeout;
      drainTimeout = other.drainTimeout;
      defaultAccept = other.defaultAccept;
      modelOptions = other.modelOptions;
      requestLog = other.requestLog;
    }

    /** ONNX file to serve. This or {@link #modelsFolder} must be given, not both. */
    public Builder model(Path file) {
      this.model = file;
      return this;
    }

    /**
     * Name of the model in the routes of the Open Inference Protocol. Default: the file's name
     * without {@code .onnx}, or "model" where that is not a valid name.
     */
    public Builder name(String name) {
      if (!Models.isName(name)) {
        throw new IllegalArgumentException("name (" + name + ") must be " + Models.NAME_RULE);
      }
      this.name = name;
      return this;
    }

    /**
     * Starts with no model and takes SageMaker's calls to load and unload them ({@code /models}),
     * for files in this folder and below only. SageMaker's folder is {@code /opt/ml/models}.
     */
    public Builder modelsFolder(Path folder) {
      this.modelsFolder = folder;
      return this;
    }

    /** Address to listen on. Default 127.0.0.1; 0.0.0.0 for every interface, as in a container. */
    public Builder host(String host) {
      this.host = Objects.requireNonNull(host, "host");
      return this;
    }

    /** Port to listen on. Default 8080; 0 takes a free one. */
    public Builder port(int port) {
      this.port = inRange("port", port, 0, 65_535);
      return this;
    }

    /** Checks once a second whether the file has changed, and then reloads it. Default false. */
    public Builder watch(boolean watch) {
      this.watch = watch;
      return this;
    }

    /** Most bytes in a body, also decompressed. Default 32 MiB; more is answered with 413. */
    public Builder maxBodyBytes(int bytes) {
      this.maxBodyBytes = inRange("maxBodyBytes", bytes, 1, 1 << 30);
      return this;
    }

    /** Requests that may wait for the model. Default 1,024; further ones are answered with 503. */
    public Builder maxQueue(int requests) {
      this.maxQueue = inRange("maxQueue", requests, 1, 1 << 20);
      return this;
    }

    /**
     * Bytes of bodies and decoded images that all requests together may hold at a time; requests
     * beyond that are answered with 503, one that alone needs more with 413. Default: an eighth of
     * the heap, but at most 256 MiB and at least one body of {@link #maxBodyBytes}.
     */
    public Builder maxPendingBytes(long bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("maxPendingBytes (" + bytes + ") must be 1 or more");
      }
      this.maxPendingBytes = bytes;
      return this;
    }

    /** Most images in one call of the model. Default 32: on a CPU, more are not faster. */
    public Builder maxBatch(int images) {
      this.maxBatch = inRange("maxBatch", images, 1, 1 << 16);
      return this;
    }

    /** Most connections at a time. Default 4,096; further ones wait in the system's queue. */
    public Builder maxConnections(int connections) {
      this.maxConnections = inRange("maxConnections", connections, 1, 1 << 20);
      return this;
    }

    /**
     * Time from a request's first byte to its answer. Default 55 s; the answer is 503 after that.
     */
    public Builder deadline(Duration time) {
      this.deadline = positive("deadline", time);
      return this;
    }

    /** Time for a body to arrive. Default 30 s; after that the request is answered with 408. */
    public Builder bodyTimeout(Duration time) {
      this.bodyTimeout = positive("bodyTimeout", time);
      return this;
    }

    /** Time for a request's headers to arrive. Default 10 s; then the connection is closed. */
    public Builder headerTimeout(Duration time) {
      this.headerTimeout = positive("headerTimeout", time);
      return this;
    }

    /** Time for requests under way to finish when the server closes. Default 20 s. */
    public Builder drainTimeout(Duration time) {
      this.drainTimeout = positive("drainTimeout", time);
      return this;
    }

    /**
     * Content type of answers on {@code /invocations} to clients that do not ask for one. Default
     * application/json.
     */
    public Builder defaultAccept(String contentType) {
      this.defaultAccept = Objects.requireNonNull(contentType, "contentType");
      return this;
    }

    /** How models are opened. Default {@link ModelOptions#DEFAULTS}. */
    public Builder modelOptions(ModelOptions options) {
      this.modelOptions = Objects.requireNonNull(options, "options");
      return this;
    }

    /**
     * Receives one line of JSON for each request that was answered, without a line end; called on
     * the server's threads, so it must neither block nor throw. Default: none.
     */
    public Builder requestLog(Consumer<String> lines) {
      this.requestLog = Objects.requireNonNull(lines, "lines");
      return this;
    }

    /**
     * Makes the options.
     *
     * @throws IllegalArgumentException if neither or both of {@link #model} and {@link
     *     #modelsFolder} are given, or if no answer has the {@link #defaultAccept}
     */
    public ServerOptions build() {
      if ((model == null) == (modelsFolder == null)) {
        throw new IllegalArgumentException("expected either a model or a folder of models");
      }
      Query.checkDefaultAccept(defaultAccept);
      return new ServerOptions(this);
    }

    private static int inRange(String option, int value, int from, int to) {
      if (value < from || value > to) {
        throw new IllegalArgumentException(
            option + " (" + value + ") must be from " + from + " to " + to);
      }
      return value;
    }

    private static Duration positive(String option, Duration time) {
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException(option + " (" + time + ") must be above 0");
      }
      return time;
    }
  }
}
