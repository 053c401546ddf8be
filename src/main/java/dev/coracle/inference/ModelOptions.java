// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

/**
 * Says how a model is run; immutable. {@link #DEFAULTS} suits a server with many caller threads.
 */
public final class ModelOptions {

  /** What {@code open(file)} uses: the default of every setter of {@link Builder}. */
  public static final ModelOptions DEFAULTS = builder().build();

  private final int intraOpThreads;

  private ModelOptions(Builder builder) {
    this.intraOpThreads = builder.intraOpThreads;
  }

  public static Builder builder() {
    return new Builder();
  }

  public int intraOpThreads() {
    return intraOpThreads;
  }

  @Override
  public String toString() {
    return "ModelOptions[intraOpThreads=" + intraOpThreads + "]";
  }

  /** Collects options; not thread-safe. */
  public static final class Builder {

    private int intraOpThreads = 1;

    private Builder() {}

    /**
     * Threads that share the work of one call, the caller's included. Default 1: no helper threads,
     * calls run in parallel only where the application makes them so. 0 leaves the number to ONNX
     * Runtime, which takes one a physical core. Waiting helper threads sleep, they do not spin.
     */
    public Builder intraOpThreads(int threads) {
      if (threads < 0) {
        throw new IllegalArgumentException(
            "intraOpThreads (" + threads + ") must be 0, for one a core, or more");
      }
      this.intraOpThreads = threads;
      return this;
    }

    public ModelOptions build() {
      return new ModelOptions(this);
    }
  }
}
