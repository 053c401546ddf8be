// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.optimizer.AdamW;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Map;
import java.util.function.Function;

/** Makes DJL optimizers whose state a checkpoint can save and restore. */
final class Optimizers {

  private Optimizers() {}

  /**
   * Makes an optimizer of the given kind with PyTorch's defaults for all but the learning rate.
   *
   * @param updatesDone updates made by an earlier run that this one continues; 0 for a new one
   */
  static Optimizer create(
      OptimizerKind kind, Tracker learningRate, int updatesDone, OptimizerState state) {
    return switch (kind) {
      case ADADELTA ->
          new KeptAdadelta(
              Adadelta.builder()
                  .optBeginNumUpdate(updatesDone)
                  .optLearningRateTracker(learningRate),
              state);
      case ADAM ->
          new KeptAdam(
              Adam.builder().optBeginNumUpdate(updatesDone).optLearningRateTracker(learningRate),
              state);
      case ADAMW ->
          new KeptAdamW(
              AdamW.builder()
                  .optBeginNumUpdate(updatesDone)
                  .optWeightDecays(0.01f)
                  .optLearningRateTracker(learningRate),
              state);
      case SGD ->
          Optimizer.sgd()
              .optBeginNumUpdate(updatesDone)
              .setLearningRateTracker(learningRate)
              .build();
    };
  }

  /** Returns how many arrays of the parameter's shape an optimizer keeps for each parameter. */
  static int arraysPerParameter(OptimizerKind kind) {
    return switch (kind) {
      case ADADELTA, ADAM, ADAMW -> 2;
      case SGD -> 0;
    };
  }

  private static final class KeptAdadelta extends Adadelta {
    private final OptimizerState state;

    KeptAdadelta(Builder builder, OptimizerState state) {
      super(builder);
      this.state = state;
    }

    @Override
    protected NDArray withDefaultState(
        Map<String, Map<Device, NDArray>> kind,
        String id,
        Device device,
        Function<String, NDArray> zeros) {
      return super.withDefaultState(kind, id, device, k -> state.initial(kind, id, zeros));
    }
  }

  private static final class KeptAdam extends Adam {
    private final OptimizerState state;

    KeptAdam(Builder builder, OptimizerState state) {
      super(builder);
      this.state = state;
    }

    @Override
    protected NDArray withDefaultState(
        Map<String, Map<Device, NDArray>> kind,
        String id,
        Device device,
        Function<String, NDArray> zeros) {
      return super.withDefaultState(kind, id, device, k -> state.initial(kind, id, zeros));
    }
  }

  private static final class KeptAdamW extends AdamW {
    private final OptimizerState state;

    KeptAdamW(Builder builder, OptimizerState state) {
      super(builder);
      this.state = state;
    }

    @Override
    protected NDArray withDefaultState(
        Map<String, Map<Device, NDArray>> kind,
        String id,
        Device device,
        Function<String, NDArray> zeros) {
      return super.withDefaultState(kind, id, device, k -> state.initial(kind, id, zeros));
    }
  }
}
