// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.TestSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Derives predictions, confusion counts and the worst mistakes from log-probabilities. */
final class Evaluation {

  /** The prediction of an image of which a log-probability is not a number: no class. */
  static final int NONE = -1;

  private final TestSet testSet;
  private final int[] predictions; // (N)
  private final int[] actual; // images of each true class
  private final int[][] confusion; // (true class, predicted class)
  private final int correct;

  Evaluation(TestSet testSet) {
    this.testSet = testSet;
    int classes = testSet.classNames().size();
    predictions = new int[testSet.size()];
    actual = new int[classes];
    confusion = new int[classes][classes];
    int hits = 0;
    for (int i = 0; i < predictions.length; i++) {
      int label = testSet.label(i);
      predictions[i] = mostProbable(i, classes);
      actual[label]++;
      if (predictions[i] != NONE) {
        confusion[label][predictions[i]]++;
      }
      hits += predictions[i] == label ? 1 : 0;
    }
    correct = hits;
  }

  /** Takes the first of equal values. */
  private int mostProbable(int image, int classes) {
    int best = 0;
    for (int c = 0; c < classes; c++) {
      float value = testSet.logProbability(image, c);
      if (Float.isNaN(value)) {
        return NONE;
      }
      best = value > testSet.logProbability(image, best) ? c : best;
    }
    return best;
  }

  /** Returns the mean negative log-likelihood of the labels. */
  double loss() {
    return IntStream.range(0, size())
        .mapToDouble(i -> -testSet.logProbability(i, testSet.label(i)))
        .average()
        .orElse(Double.NaN);
  }

  int size() {
    return predictions.length;
  }

  int classes() {
    return confusion.length;
  }

  int correct() {
    return correct;
  }

  int errors() {
    return size() - correct;
  }

  double accuracy() {
    return (double) correct / size();
  }

  /** The class that the network gave an image, or {@link #NONE}. */
  int prediction(int image) {
    return predictions[image];
  }

  /** Probability that the network gives one class for one image, 0 to 1. */
  double probability(int image, int label) {
    return Math.exp(testSet.logProbability(image, label));
  }

  /** How many images of {@code actual} the network took for {@code predicted}. */
  int count(int actual, int predicted) {
    return confusion[actual][predicted];
  }

  /** How many test images have this class. */
  int actual(int label) {
    return actual[label];
  }

  /** How many test images the network gave this class. */
  int predicted(int label) {
    return Arrays.stream(confusion).mapToInt(row -> row[label]).sum();
  }

  /** Share of this class's images that the network found, NaN when it has none. */
  double recall(int label) {
    return (double) confusion[label][label] / actual(label);
  }

  /** Share of this prediction that is true, NaN when it was never made. */
  double precision(int label) {
    return (double) confusion[label][label] / predicted(label);
  }

  /** Misclassified images, those first whose true class got the least probability. */
  List<Integer> worstMistakes(int limit) {
    return IntStream.range(0, size())
        .filter(i -> predictions[i] != testSet.label(i))
        .boxed()
        .sorted(Comparator.comparingDouble(this::sureness).thenComparing(i -> i))
        .limit(limit)
        .toList();
  }

  /** The image of this class about which the network is surest, or -1 when it recognised none. */
  int clearest(int label) {
    return IntStream.range(0, size())
        .filter(i -> testSet.label(i) == label && predictions[i] == label)
        .boxed()
        .max(Comparator.comparingDouble(this::sureness).thenComparing(i -> -i))
        .orElse(-1);
  }

  /** Log-probability of the true class; NaN counts as probability 0. */
  private double sureness(int image) {
    float value = testSet.logProbability(image, testSet.label(image));
    return Float.isNaN(value) ? Double.NEGATIVE_INFINITY : value;
  }

  /**
   * Returns the 95 % confidence interval of the accuracy, {lower, upper}, after Wilson (1927),
   * which is valid near 100 % too.
   */
  double[] interval() {
    double z = 1.959964;
    double n = size();
    double p = accuracy();
    double centre = p + z * z / (2 * n);
    double half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double scale = 1 + z * z / n;
    // Rounding may put the bound of a perfect score, or of a score of 0, slightly off.
    double upper = correct == size() ? 1 : Math.min(1, (centre + half) / scale);
    return new double[] {Math.max(0, (centre - half) / scale), upper};
  }
}
