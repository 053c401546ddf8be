// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StepLrTest {

  /** PyTorch's StepLR multiplies the rate after each epoch: a loop is the oracle for the power. */
  @Test
  void getNewValue_everyUpdateOf14Epochs_asPyTorchsStepLr() {
    int stepsPerEpoch = 600;
    StepLr schedule = new StepLr(1f, 0.7f, stepsPerEpoch);
    double expected = 1;
    int update = 0;
    for (int epoch = 1; epoch <= 14; epoch++) {
      for (int step = 1; step <= stepsPerEpoch; step++) {
        update++;
        // 14 roundings of float32, and gamma's own, 14 times over.
        assertThat((double) schedule.getNewValue(update))
            .as("update %d", update)
            .isCloseTo(expected, within(14 * 1.2e-7 * expected));
        assertThat(schedule.getNewValue("any", update)).isEqualTo(schedule.getNewValue(update));
      }
      expected *= 0.7;
    }
  }

  @Test
  void getNewValue_gammaOne_constant() {
    StepLr schedule = new StepLr(0.1f, 1, 1);
    assertThat(schedule.getNewValue(1)).isEqualTo(0.1f);
    assertThat(schedule.getNewValue(1_000_000)).isEqualTo(0.1f);
  }

  @Test
  void getNewValue_stepsOfOne_fallsEachUpdate() {
    StepLr schedule = new StepLr(8, 0.5f, 1);
    assertThat(schedule.getNewValue(1)).isEqualTo(8);
    assertThat(schedule.getNewValue(2)).isEqualTo(4);
    assertThat(schedule.getNewValue(4)).isEqualTo(1);
  }
}
