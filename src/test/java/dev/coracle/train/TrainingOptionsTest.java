// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class TrainingOptionsTest {

  @Test
  void build_nothingSet_defaults() {
    assertThat(TrainingOptions.builder().build())
        .isEqualTo(
            new TrainingOptions(
                1, 100, 100, 1f, 0.7f, OptimizerKind.ADADELTA, 0, false, "auto", null, false));
  }

  @Test
  void build_outsideTheLimits_namesOptionValueAndLimit() {
    assertRefused(b -> b.epochs(0), "epochs is 0; expected at least 1");
    assertRefused(b -> b.batchSize(0), "batchSize is 0; expected at least 1");
    assertRefused(b -> b.testBatchSize(-1), "testBatchSize is -1; expected at least 1");
    assertRefused(b -> b.gamma(0), "gamma is 0.0; expected above 0 and at most 1");
    assertRefused(b -> b.gamma(1.1f), "gamma is 1.1; expected above 0 and at most 1");
    assertRefused(b -> b.gamma(Float.NaN), "gamma is NaN; expected above 0 and at most 1");
    assertRefused(
        b -> b.learningRate(0), "learningRate is 0.0; expected above 0 and below 1000000");
    assertRefused(
        b -> b.learningRate(Float.NaN), "learningRate is NaN; expected above 0 and below 1000000");
    assertRefused(
        b -> b.learningRate(1e6f), "learningRate is 1000000.0; expected above 0 and below 1000000");
    assertRefused(b -> b.device("tpu"), "device is tpu; expected cpu, gpu, gpu:N or auto");
    assertRefused(b -> b.resume(true), "resume is true; expected a checkpoint folder with it");
  }

  @Test
  void build_null_namesTheOption() {
    assertThatNullPointerException()
        .isThrownBy(() -> TrainingOptions.builder().optimizer(nothing()).build())
        .withMessage("optimizer");
    assertThatNullPointerException()
        .isThrownBy(() -> TrainingOptions.builder().device(nothing()).build())
        .withMessage("device");
  }

  /** As a caller gives it who has no checker of nulls. */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return null;
  }

  private static void assertRefused(UnaryOperator<TrainingOptions.Builder> change, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.apply(TrainingOptions.builder()).build())
        .withMessage(message);
  }
}
