// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class PredictionTest {

  private final float[] probabilities = {0.001f, 0.999f};

  @Test
  void toString_anyLocale_readsAlike() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      assertThat(new Prediction(1, "7", probabilities)).hasToString("7 (99.9 %)");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void probabilities_changedOutside_changeNothing() {
    Prediction prediction = new Prediction(1, "7", probabilities);
    probabilities[1] = 0;
    prediction.probabilities()[1] = 0;

    assertThat(prediction.probability()).isEqualTo(0.999f);
  }

  @Test
  void equals_sameContent_isEqual() {
    Prediction prediction = new Prediction(1, "7", probabilities);

    assertThat(prediction)
        .isEqualTo(new Prediction(1, "7", probabilities.clone()))
        .hasSameHashCodeAs(new Prediction(1, "7", probabilities.clone()))
        .isNotEqualTo(new Prediction(0, "7", probabilities))
        .isNotEqualTo(new Prediction(1, "1", probabilities))
        .isNotEqualTo(new Prediction(1, "7", new float[] {0, 1}));
  }

  @Test
  void new_indexOutside_isRefused() {
    assertThatThrownBy(() -> new Prediction(2, "7", probabilities))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
