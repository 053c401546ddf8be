// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coracle.report.ReportData.TestSet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationTest {

  @Test
  void count_randomScores_sameAsCountedByPairs() {
    TestSet set = Samples.testSet(500, Samples.DIGITS, 1.5);
    Evaluation evaluation = new Evaluation(set);

    Map<List<Integer>, Integer> pairs = new HashMap<>();
    for (int i = 0; i < 500; i++) {
      int best = -1;
      float top = Float.NEGATIVE_INFINITY;
      for (int c = 9; c >= 0; c--) {
        if (set.logProbabilities()[10 * i + c] >= top) {
          top = set.logProbabilities()[10 * i + c];
          best = c;
        }
      }
      pairs.merge(List.of((int) set.labels()[i], best), 1, Integer::sum);
    }
    int diagonal = 0;
    for (int actual = 0; actual < 10; actual++) {
      diagonal += pairs.getOrDefault(List.of(actual, actual), 0);
      for (int predicted = 0; predicted < 10; predicted++) {
        assertThat(evaluation.count(actual, predicted))
            .isEqualTo(pairs.getOrDefault(List.of(actual, predicted), 0));
      }
    }
    assertThat(evaluation.correct()).isEqualTo(diagonal).isBetween(100, 400);
  }

  @Test
  void worstMistakes_several_leastLikelyTruthFirstThenByIndex() {
    // Right: 0 and 4. Wrong: 1 (truth 0.4), 2 (truth 0.1), 3 (truth 0.1), 5 (truth 0).
    TestSet set = Samples.binary(new int[] {0, 0, 1, 1, 1, 0}, 0.2, 0.6, 0.1, 0.1, 0.9, 1.0);
    Evaluation evaluation = new Evaluation(set);

    assertThat(evaluation.worstMistakes(9)).containsExactly(5, 2, 3, 1);
    assertThat(evaluation.worstMistakes(2)).containsExactly(5, 2);
    assertThat(evaluation.clearest(0)).isEqualTo(0);
    assertThat(evaluation.clearest(1)).isEqualTo(4);
  }

  @Test
  void recallAndPrecision_classNeverSeen_areNoNumbers() {
    Evaluation evaluation = new Evaluation(Samples.binary(new int[] {0, 0}, 0.1, 0.2));

    assertThat(evaluation.recall(0)).isEqualTo(1);
    assertThat(evaluation.recall(1)).isNaN();
    assertThat(evaluation.precision(1)).isNaN();
    assertThat(evaluation.clearest(1)).isEqualTo(-1);
  }

  @Test
  void correct_rowsWithNaN_areMistakesOfNoClass() {
    float[] scores = {-9, Float.NaN, /* second */ Float.NaN, Float.NaN, /* third */ 0, -9};
    TestSet set = new TestSet(1, 1, new byte[3], new byte[3], List.of("a", "b"), scores);
    Evaluation evaluation = new Evaluation(set);

    assertThat(evaluation.correct()).isEqualTo(1);
    assertThat(evaluation.worstMistakes(9)).containsExactly(1, 0);
    assertThat(evaluation.prediction(0)).isEqualTo(Evaluation.NONE);
    assertThat(evaluation.count(0, 0)).isEqualTo(1);
    assertThat(evaluation.count(0, 1)).isZero();
    assertThat(evaluation.actual(0)).isEqualTo(3);
    assertThat(evaluation.recall(0)).isEqualTo(1 / 3.0);
  }

  @Test
  void interval_eightOfTen_asInTheLiterature() {
    // Wilson's interval for 8 of 10: 0.4902 to 0.9433, as R's binom::binom.wilson(8, 10) gives it.
    int[] labels = new int[10];
    double[] probabilities = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
    double[] interval = new Evaluation(Samples.binary(labels, probabilities)).interval();

    assertThat(interval[0]).isCloseTo(0.4902, within(1e-4));
    assertThat(interval[1]).isCloseTo(0.9433, within(1e-4));
  }

  @Test
  void interval_allOrNone_holdsTheAccuracy() {
    for (int size = 1; size < 500; size++) {
      double[] probabilities = new double[size]; // of class 1
      double[] all = new Evaluation(Samples.binary(new int[size], probabilities)).interval();
      assertThat(all[1]).as("%d", size).isEqualTo(1);
      int[] ones = new int[size];
      Arrays.fill(ones, 1);
      double[] none = new Evaluation(Samples.binary(ones, probabilities)).interval();
      assertThat(none[0]).as("%d", size).isBetween(0.0, 1e-12);
    }
  }

  @Test
  void testSet_lengthsThatDoNotFit_saysWhich() {
    byte[] one = new byte[1];
    List<String> names = List.of("a", "b");

    assertThatThrownBy(() -> new TestSet(1, 2, one, one, names, new float[2]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pixels: 1 bytes, expected 2");
    assertThatThrownBy(() -> new TestSet(1, 1, one, one, names, new float[3]))
        .hasMessage("logProbabilities: 3 values, expected 1 images * 2 classes = 2");
    assertThatThrownBy(() -> new TestSet(1, 1, one, new byte[] {2}, names, new float[2]))
        .hasMessage("labels[0]: 2, expected a class below 2");
    assertThatThrownBy(() -> new TestSet(1, 1, new byte[0], new byte[0], names, new float[0]))
        .hasMessage("labels: 0 of them, expected at least one test image");
  }
}
