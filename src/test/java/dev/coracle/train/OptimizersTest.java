// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.ParameterList;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Holds the optimizers against PyTorch's formulas, written down once more in double precision.
 *
 * <p>Tolerance: float32 rounds to 6e-8 of a value; some ten operations in each of 20 steps add up
 * to less than 1e-5 of the path that a weight has gone, plus the rounding of the weight itself.
 */
class OptimizersTest {

  private static final int SIZE = 50;
  private static final int STEPS = 20;

  /** One step of a reference implementation; {@code a} and {@code b} are its state. */
  private interface Reference {
    double step(int t, double w, double g, double[] a, double[] b, int i);
  }

  @Test
  void adadelta_20Steps_asPyTorch() {
    check(kind(OptimizerKind.ADADELTA, 0.5f), 0.5, adadelta(0.5, 0.9, 1e-6), 1e-2);
  }

  @Test
  void adadelta_tinyGradients_asPyTorch() {
    check(kind(OptimizerKind.ADADELTA, 0.5f), 0.5, adadelta(0.5, 0.9, 1e-6), 1e-6);
  }

  @Test
  void adadelta_ownRhoAndEpsilon_asPyTorch() {
    Optimizer optimizer =
        Adadelta.builder()
            .optLearningRateTracker(Tracker.fixed(2f))
            .optRho(0.7)
            .optEpsilon(1e-3f)
            .build();
    check(optimizer, 2, adadelta(2, 0.7, 1e-3), 1e-2);
  }

  @Test
  void adadelta_rescaleClipAndDecay_appliedInDjlsOrder() {
    Optimizer optimizer =
        Adadelta.builder().setRescaleGrad(0.5f).optClipGrad(0.3f).optWeightDecays(0.1f).build();
    Reference plain = adadelta(1, 0.9, 1e-6);
    check(
        optimizer,
        1,
        (t, w, g, a, b, i) -> {
          double clipped = Math.max(-0.3, Math.min(0.3, 0.5 * g));
          return plain.step(t, w, clipped + 0.1 * w, a, b, i);
        },
        1);
  }

  @Test
  void adadelta_clipAtZero_neverMoves() {
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu());
        NDArray weight = manager.create(new float[] {1, -2})) {
      weight.setRequiresGradient(true);
      update(Adadelta.builder().optClipGrad(0).build(), manager, weight, new float[] {3, 4});
      assertThat(weight.toFloatArray()).containsExactly(1, -2);
    }
  }

  @Test
  void adadelta_closed_freesItsTwoArraysAndStartsAnew() {
    try (LiveArrays live = new LiveArrays();
        NDManager manager = Devices.engine().newBaseManager(Device.cpu());
        NDArray weight = manager.create(new float[] {1, -2})) {
      weight.setRequiresGradient(true);
      Adadelta optimizer = Adadelta.builder().build();
      int before = live.count();
      for (int run = 0; run < 2; run++) {
        update(optimizer, manager, weight, new float[] {3, 4});
        update(optimizer, manager, weight, new float[] {3, 4});
        assertThat(live.count()).isEqualTo(before + 2);
        optimizer.close();
        optimizer.close();
        assertThat(live.count()).isEqualTo(before);
      }
    }
  }

  @Test
  void adadelta_outsideTheLimits_namesValueAndLimit() {
    for (double rho : new double[] {-0.1, 1, 1.5, Double.NaN}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Adadelta.builder().optRho(rho))
          .withMessage("rho is " + rho + "; expected at least 0 and below 1");
    }
    for (float epsilon : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Adadelta.builder().optEpsilon(epsilon))
          .withMessage("epsilon is " + epsilon + "; expected above 0 and finite");
    }
  }

  @Test
  void adam_largeGradients_asPyTorch() {
    // From |g| of 0.1 on, where DJL puts ε moves a step by less than 3.2e-6 of its length.
    check(kind(OptimizerKind.ADAM, 0.01f), 0.01, adam(0.01, 0, false), 0.1);
  }

  @Test
  void adam_smallGradients_epsilonBeforeBiasCorrection() {
    check(kind(OptimizerKind.ADAM, 0.01f), 0.01, adam(0.01, 0, true), 1e-6);
  }

  @Test
  void adam_gradientOf1e5_stepAtMost4PercentShorterThanPyTorch() {
    float[] weight = {0};
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu());
        NDArray array = manager.create(weight)) {
      array.setRequiresGradient(true);
      update(kind(OptimizerKind.ADAM, 1), manager, array, new float[] {1e-5f});
      double pytorch = 1e-5 / (1e-5 + 1e-8);
      assertThat(-array.toFloatArray()[0] / pytorch).isBetween(0.96, 0.98);
    }
  }

  @Test
  void adamw_20Steps_asPyTorch() {
    check(kind(OptimizerKind.ADAMW, 0.01f), 0.01, adam(0.01, 0.01, false), 0.1);
  }

  @Test
  void sgd_20Steps_asPyTorch() {
    check(kind(OptimizerKind.SGD, 0.1f), 0.1, (t, w, g, a, b, i) -> w - 0.1 * g, 1e-2);
  }

  @Test
  void create_updatesDone_countsOnFromThere() {
    int[] asked = {0};
    Tracker tracker =
        update -> {
          asked[0] = update;
          return 0.1f;
        };
    for (OptimizerKind kind : OptimizerKind.values()) {
      try (NDManager manager = Devices.engine().newBaseManager(Device.cpu());
          NDArray weight = manager.create(new float[] {1});
          OptimizerState state = new OptimizerState(new ParameterList())) {
        weight.setRequiresGradient(true);
        Optimizer optimizer = Optimizers.create(kind, tracker, 600, state);
        update(optimizer, manager, weight, new float[] {1});
        assertThat(asked[0]).as("%s", kind).isEqualTo(601);
        assertThat(state.arrays()).as("%s", kind).hasSize(Optimizers.arraysPerParameter(kind));
      }
    }
  }

  private static Optimizer kind(OptimizerKind kind, float rate) {
    // The state is two arrays of 50 floats in a test; its native memory goes with the JVM.
    return Optimizers.create(kind, Tracker.fixed(rate), 0, new OptimizerState(new ParameterList()));
  }

  private static Reference adadelta(double rate, double rho, double epsilon) {
    return (t, w, g, a, b, i) -> {
      a[i] = rho * a[i] + (1 - rho) * g * g;
      double d = g * Math.sqrt(b[i] + epsilon) / Math.sqrt(a[i] + epsilon);
      b[i] = rho * b[i] + (1 - rho) * d * d;
      return w - rate * d;
    };
  }

  private static Reference adam(double rate, double decay, boolean epsilonBeforeCorrection) {
    return (t, w, g, a, b, i) -> {
      a[i] = 0.9 * a[i] + 0.1 * g;
      b[i] = 0.999 * b[i] + 0.001 * g * g;
      double correction = Math.sqrt(1 - Math.pow(0.999, t));
      double denominator =
          epsilonBeforeCorrection
              ? (Math.sqrt(b[i]) + 1e-8) / correction
              : Math.sqrt(b[i]) / correction + 1e-8;
      return w * (1 - rate * decay) - rate * (a[i] / (1 - Math.pow(0.9, t))) / denominator;
    };
  }

  /** Compares 20 steps with gradients from {@code smallest} to a thousand times that. */
  private static void check(
      Optimizer optimizer, double rate, Reference reference, double smallest) {
    Random random = new Random(5);
    double[] expected = new double[SIZE];
    double[] path = new double[SIZE];
    double[] a = new double[SIZE];
    double[] b = new double[SIZE];
    float[] start = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      start[i] = (float) random.nextGaussian();
      expected[i] = start[i];
    }
    float[] actual;
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu());
        NDArray weight = manager.create(start)) {
      weight.setRequiresGradient(true);
      for (int t = 1; t <= STEPS; t++) {
        float[] gradient = new float[SIZE];
        for (int i = 0; i < SIZE; i++) {
          double magnitude = smallest * Math.pow(1000, random.nextDouble());
          gradient[i] = (float) (random.nextBoolean() ? magnitude : -magnitude);
          double next = reference.step(t, expected[i], gradient[i], a, b, i);
          path[i] += Math.abs(next - expected[i]);
          expected[i] = next;
        }
        update(optimizer, manager, weight, gradient);
      }
      actual = weight.toFloatArray();
    }
    for (int i = 0; i < SIZE; i++) {
      assertThat(path[i]).isPositive();
      double rounding = STEPS * Math.ulp(Math.abs(start[i]) + (float) path[i]);
      assertThat((double) actual[i])
          .as("weight %d, rate %s", i, rate)
          .isCloseTo(expected[i], within(1e-5 * path[i] + rounding));
    }
  }

  /** Gives {@code weight} the gradient by backward, as training does, and updates it. */
  private static void update(
      Optimizer optimizer, NDManager parent, NDArray weight, float[] gradient) {
    try (NDManager manager = parent.newSubManager()) {
      try (GradientCollector collector = Devices.engine().newGradientCollector()) {
        NDArray factors = manager.create(gradient);
        collector.backward(factors.mul(weight).sum());
      }
      try (NDArray recorded = weight.getGradient();
          NDArray copy = recorded.duplicate()) {
        optimizer.update("w", weight, copy);
        assertThat(recorded.toFloatArray()).as("gradient afterwards").containsOnly(0);
      }
    }
  }
}
