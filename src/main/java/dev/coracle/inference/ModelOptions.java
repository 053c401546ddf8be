// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says which files may be opened and how they are run; immutable. {@link #DEFAULTS} suits a server
 * with many calling threads that opens files with ONNX's standard operators and the weights inside.
 */
public final class ModelOptions {

  /** What {@code open(file)} uses: the default of every setter of {@link Builder}. */
  public static final ModelOptions DEFAULTS = builder().build();

  private static final int MAX_THREADS = 1024;

  private final int intraOpThreads;
  private final OptimizationLevel optimizationLevel;
  private final @Nullable Path optimizedFile;
  private final int cudaDevice;
  private final int maxBatch;
  private final long maxFileBytes;
  private final boolean readByPath;
  private final @Nullable String sha256;
  private final Set<String> domains;
  private final @Nullable Path externalDataFolder;

  private ModelOptions(Builder builder) {
    this.intraOpThreads = builder.intraOpThreads;
    this.optimizationLevel = builder.optimizationLevel;
    this.optimizedFile = builder.optimizedFile;
    this.cudaDevice = builder.cudaDevice;
    this.maxBatch = builder.maxBatch;
    this.maxFileBytes = builder.maxFileBytes;
    this.readByPath = builder.readByPath;
    this.sha256 = builder.sha256;
    this.domains = Set.copyOf(builder.domains);
    this.externalDataFolder = builder.externalDataFolder;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder that begins with these options. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.intraOpThreads = intraOpThreads;
    builder.optimizationLevel = optimizationLevel;
    builder.optimizedFile = optimizedFile;
    builder.cudaDevice = cudaDevice;
    builder.maxBatch = maxBatch;
    builder.maxFileBytes = maxFileBytes;
    builder.readByPath = readByPath;
    builder.sha256 = sha256;
    builder.domains.addAll(domains);
    builder.externalDataFolder = externalDataFolder;
    return builder;
  }

  public int intraOpThreads() {
    return intraOpThreads;
  }

  public OptimizationLevel optimizationLevel() {
    return optimizationLevel;
  }

  public @Nullable Path optimizedFile() {
    return optimizedFile;
  }

  /** Returns the CUDA device to run on; empty on the CPU. */
  public OptionalInt cudaDevice() {
    return cudaDevice < 0 ? OptionalInt.empty() : OptionalInt.of(cudaDevice);
  }

  public int maxBatch() {
    return maxBatch;
  }

  public long maxFileBytes() {
    return maxFileBytes;
  }

  public boolean readByPath() {
    return readByPath;
  }

  /** Returns the SHA-256 that the file must have, in lower case, or null for any. */
  public @Nullable String sha256() {
    return sha256;
  }

  /** Returns the operator domains that are allowed besides ONNX's own; unmodifiable. */
  public Set<String> domains() {
    return domains;
  }

  public @Nullable Path externalDataFolder() {
    return externalDataFolder;
  }

  /** How far ONNX Runtime rewrites a graph before it runs it. */
  public enum OptimizationLevel {
    /** Runs the graph as it is. */
    NONE,
    /** Removes nodes without effect and folds constants. */
    BASIC,
    /** Also fuses operators, into some of ONNX Runtime's own. */
    EXTENDED,
    /**
     * As EXTENDED, but does not fold constants that follow a convolution into its weights: a large
     * convolutional model then opens without a second copy of the weights, but runs slower.
     */
    KEEPING_WEIGHTS,
    /** Also lays data out for this machine's processor. */
    ALL
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {

    private int intraOpThreads = 1;
    private OptimizationLevel optimizationLevel = OptimizationLevel.ALL;
    private @Nullable Path optimizedFile;
    private int cudaDevice = -1;
    private int maxBatch = 1 << 16;
    private long maxFileBytes = 1L << 30;
    private boolean readByPath;
    private @Nullable String sha256;
    private final Set<String> domains = new HashSet<>();
    private @Nullable Path externalDataFolder;

    private Builder() {}

    /**
     * Number of threads among which ONNX Runtime divides one operator, including the caller's.
     * Default 1: an operator runs on the calling thread. 0 leaves the number to ONNX Runtime, which
     * takes one per physical core. Waiting threads sleep; they do not spin.
     *
     * <p>A {@link Classifier} needs no more than 1 for speed: it shares out a call of many images
     * itself (see there). More threads make the answer for one image faster, at the cost of other
     * calls.
     */
    public Builder intraOpThreads(int threads) {
      if (threads < 0 || threads > MAX_THREADS) {
        throw new IllegalArgumentException(
            "intraOpThreads (" + threads + ") must be 0, for one a core, to " + MAX_THREADS);
      }
      this.intraOpThreads = threads;
      return this;
    }

    /** Default {@link OptimizationLevel#ALL}. */
    public Builder optimizationLevel(OptimizationLevel level) {
      this.optimizationLevel = Objects.requireNonNull(level, "level");
      return this;
    }

    /**
     * Writes the graph as rewritten by ONNX Runtime to a file, replacing an existing one. Default:
     * nothing is written. From {@link OptimizationLevel#EXTENDED} on, the file holds operators of
     * ONNX Runtime's own, so that opening it takes {@code allowDomains("com.microsoft",
     * "com.microsoft.nchwc")}, and with {@link OptimizationLevel#ALL} it runs only on processors
     * like this one.
     */
    public Builder optimizedFile(Path file) {
      this.optimizedFile = file;
      return this;
    }

    /**
     * Runs on a CUDA device, counted from 0, instead of the CPU. Needs {@code
     * com.microsoft.onnxruntime:onnxruntime_gpu} in place of {@code onnxruntime}, in the same
     * version, and NVIDIA's CUDA and cuDNN; {@code open} fails where they are missing.
     */
    public Builder cuda(int device) {
      if (device < 0) {
        throw new IllegalArgumentException("cuda device (" + device + ") must be 0 or more");
      }
      this.cudaDevice = device;
      return this;
    }

    /** Images that one call of a {@link Classifier} may have. Default 65,536. */
    public Builder maxBatch(int images) {
      if (images < 1) {
        throw new IllegalArgumentException("maxBatch (" + images + ") must be 1 or more");
      }
      this.maxBatch = images;
      return this;
    }

    /**
     * Bytes that a model may have, its external data included. Default 1 GiB; at most 2 GiB - 1 in
     * the file itself, which is protobuf's limit. While a model is being opened, its bytes are in
     * native memory and, except with {@link #readByPath}, also in the Java heap.
     */
    public Builder maxFileBytes(long bytes) {
      if (bytes < 1) {
        throw new IllegalArgumentException("maxFileBytes (" + bytes + ") must be 1 or more");
      }
      this.maxFileBytes = bytes;
      return this;
    }

    /**
     * Lets ONNX Runtime read the file by its path, after it has been checked, instead of handing it
     * the bytes that were checked. For large files: opening one of 102 MB takes 256 to 284 MB this
     * way, 576 to 583 MB otherwise. Only for files that nobody changes meanwhile: otherwise the
     * model that is run may not be the one that was checked, and a file that gets shorter causes an
     * {@code InternalError}. Default false. Has no effect on Windows, in file systems other than
     * the default one, and where the absolute path is not ASCII or ends in {@code .ort}.
     */
    public Builder readByPath(boolean byPath) {
      this.readByPath = byPath;
      return this;
    }

    /**
     * SHA-256 that the file must have, 64 hexadecimal digits; it says nothing about external data.
     * With {@link #readByPath} ONNX Runtime reads the file again after that check. Default: any.
     */
    public Builder sha256(String hexadecimal) {
      if (!hexadecimal.matches("[0-9a-fA-F]{64}")) {
        throw new IllegalArgumentException(
            "sha256 (" + hexadecimal + ") must be 64 hexadecimal digits");
      }
      this.sha256 = hexadecimal.toLowerCase(Locale.ROOT);
      return this;
    }

    /**
     * Allows operators of these domains besides ONNX's own, {@code ai.onnx} and {@code ai.onnx.ml};
     * adds to those of earlier calls. Default: none.
     */
    public Builder allowDomains(String... domains) {
      this.domains.addAll(List.of(domains));
      return this;
    }

    /**
     * Allows external data: weights in files of their own, in this folder or below. Links, symbolic
     * or hard, are refused, as are paths that lead out of the folder. Default: external data are
     * refused.
     */
    public Builder externalDataFolder(Path folder) {
      this.externalDataFolder = folder;
      return this;
    }

    public ModelOptions build() {
      return new ModelOptions(this);
    }
  }
}
