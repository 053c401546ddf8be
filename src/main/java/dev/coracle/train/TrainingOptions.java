// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Holds the options of a training run. Immutable.
 *
 * @see Builder Builder, for defaults, units and limits
 */
public record TrainingOptions(
    int epochs,
    int batchSize,
    int testBatchSize,
    float learningRate,
    float gamma,
    OptimizerKind optimizer,
    int seed,
    boolean dryRun,
    String device,
    @Nullable Path checkpointFolder,
    boolean resume) {

  /**
   * Checks the values; throws IllegalArgumentException with the name and the limit, or
   * NullPointerException with the name.
   */
  public TrainingOptions {
    check(epochs >= 1, "epochs", epochs, "at least 1");
    check(batchSize >= 1, "batchSize", batchSize, "at least 1");
    check(testBatchSize >= 1, "testBatchSize", testBatchSize, "at least 1");
    check(
        learningRate > 0 && learningRate < 1e6f,
        "learningRate",
        learningRate,
        "above 0 and below 1000000");
    check(gamma > 0 && gamma <= 1, "gamma", gamma, "above 0 and at most 1");
    Objects.requireNonNull(optimizer, "optimizer");
    Objects.requireNonNull(device, "device");
    check(Devices.isValid(device), "device", device, "cpu, gpu, gpu:N or auto");
    check(!resume || checkpointFolder != null, "resume", resume, "a checkpoint folder with it");
  }

  public static Builder builder() {
    return new Builder();
  }

  private static void check(boolean valid, String name, Object value, String expected) {
    if (!valid) {
      throw new IllegalArgumentException(name + " is " + value + "; expected " + expected);
    }
  }

  /** Builds {@link TrainingOptions}. */
  public static final class Builder {
    private int epochs = 1;
    private int batchSize = 100;
    private int testBatchSize = 100;
    private float learningRate = 1;
    private float gamma = 0.7f;
    private OptimizerKind optimizer = OptimizerKind.ADADELTA;
    private int seed;
    private boolean dryRun;
    private String device = "auto";
    private @Nullable Path checkpointFolder;
    private boolean resume;

    private Builder() {}

    /**
     * Total number of passes over the training images; a resumed run counts the earlier ones too.
     * Default 1.
     */
    public Builder epochs(int epochs) {
      this.epochs = epochs;
      return this;
    }

    /** Images in a step; the last step of an epoch takes the remaining ones. Default 100. */
    public Builder batchSize(int batchSize) {
      this.batchSize = batchSize;
      return this;
    }

    /** Images evaluated at once; changes memory and speed, not results. Default 100. */
    public Builder testBatchSize(int testBatchSize) {
      this.testBatchSize = testBatchSize;
      return this;
    }

    /**
     * Learning rate of the first epoch, above 0 and below a million. Default 1.0, Adadelta's own.
     */
    public Builder learningRate(float learningRate) {
      this.learningRate = learningRate;
      return this;
    }

    /**
     * Factor applied to the learning rate after each epoch, above 0 and at most 1; 1 keeps it
     * constant. Default 0.7.
     */
    public Builder gamma(float gamma) {
      this.gamma = gamma;
      return this;
    }

    /** Default {@link OptimizerKind#ADADELTA}. */
    public Builder optimizer(OptimizerKind optimizer) {
      this.optimizer = optimizer;
      return this;
    }

    /** Determines the initial parameters, the order of the images and the dropout. Default 0. */
    public Builder seed(int seed) {
      this.seed = seed;
      return this;
    }

    /** Trains one step and evaluates one batch, to check that everything works. Default false. */
    public Builder dryRun(boolean dryRun) {
      this.dryRun = dryRun;
      return this;
    }

    /**
     * {@code cpu}, {@code gpu}, {@code gpu:N}, or {@code auto}: a GPU if there is one. Default
     * auto.
     */
    public Builder device(String device) {
      this.device = device;
      return this;
    }

    /** Folder of the checkpoint written after each epoch; null writes none. Default null. */
    public Builder checkpointFolder(@Nullable Path checkpointFolder) {
      this.checkpointFolder = checkpointFolder;
      return this;
    }

    /** Continues from the checkpoint in the checkpoint folder, which must exist. Default false. */
    public Builder resume(boolean resume) {
      this.resume = resume;
      return this;
    }

    public TrainingOptions build() {
      return new TrainingOptions(
          epochs,
          batchSize,
          testBatchSize,
          learningRate,
          gamma,
          optimizer,
          seed,
          dryRun,
          device,
          checkpointFolder,
          resume);
    }
  }
}
