// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.coracle.dataset.ImageSet;
import org.junit.jupiter.api.Test;

class EvaluationTest {

  private static final ImageSet TWO = ImageSet.of(1, 1, new byte[2], new byte[] {2, 0});

  @Test
  void of_twoImages_countsAndMean() {
    Evaluation evaluation =
        Evaluation.of(new float[] {-3, -2, -0.25f, /* second */ -1.75f, -1, -4}, TWO);

    assertThat(evaluation.images()).isEqualTo(2);
    assertThat(evaluation.classes()).isEqualTo(3);
    assertThat(evaluation.correct()).isEqualTo(1);
    assertThat(evaluation.accuracy()).isEqualTo(0.5);
    assertThat(evaluation.loss()).isCloseTo((0.25 + 1.75) / 2, within(0.0));
    assertThat(evaluation.prediction(0)).isEqualTo(2);
    assertThat(evaluation.prediction(1)).isEqualTo(1);
  }

  @Test
  void of_tie_firstClass() {
    ImageSet one = TWO.first(1);
    assertThat(Evaluation.of(new float[] {-1, -1, -1}, one).prediction(0)).isZero();
  }

  @Test
  void of_rowWithNaN_neverCorrect() {
    float nan = Float.NaN;
    Evaluation evaluation =
        Evaluation.of(new float[] {-3, nan, -0.25f, /* second */ nan, nan, nan}, TWO);
    assertThat(evaluation.correct()).isZero();
    assertThat(evaluation.prediction(0)).isEqualTo(-1);
    assertThat(evaluation.prediction(1)).isEqualTo(-1);
  }

  @Test
  void of_lengthsThatDoNotAgree_illegalArgument() {
    assertThatIllegalArgumentException().isThrownBy(() -> Evaluation.of(new float[7], TWO));
    assertThatIllegalArgumentException().isThrownBy(() -> Evaluation.of(new float[0], TWO));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Evaluation.of(new float[6], TWO.first(0)));
  }

  @Test
  void of_labelThatIsNoClass_illegalArgument() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Evaluation.of(new float[4], TWO))
        .withMessage("image 0: expected a label from 0 to 1, got 2");
  }
}
