// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.nio.file.Path;
import java.util.List;

/** Turns what a model gives out, (images, classes) row-major, into predictions. */
final class Scores {

  private Scores() {}

  /**
   * Checks the first {@code images} rows and, where they are logits, replaces them by their
   * log-softmax.
   */
  static void normalize(float[] scores, int images, int classes, boolean logits, Path file) {
    if (scores.length < (long) images * classes) {
      throw new CoracleException(
          "%s: expected %d scores for %d images, the model gave %d; its declared shapes are wrong"
              .formatted(file, (long) images * classes, images, scores.length));
    }
    for (int image = 0; image < images; image++) {
      int from = image * classes;
      if (logits) {
        logSoftmax(scores, from, from + classes);
      }
      for (int i = from; i < from + classes; i++) {
        if (Float.isNaN(scores[i])) {
          throw new CoracleException(
              "%s: the score of class %d is not a number; check the model's weights and scaling"
                  .formatted(file, i - from));
        }
      }
    }
  }

  /**
   * Subtracts the logarithm of the sum of exponentials; the maximum goes first, so none overflows.
   */
  private static void logSoftmax(float[] scores, int from, int to) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      max = Math.max(max, scores[i]);
    }
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.exp(scores[i] - max);
    }
    double logSum = max + Math.log(sum);
    for (int i = from; i < to; i++) {
      scores[i] = (float) (scores[i] - logSum);
    }
  }

  /** Makes a prediction of the log-probabilities from {@code from} on, one for each label. */
  static Prediction prediction(float[] logProbabilities, int from, List<String> labels) {
    float[] probabilities = new float[labels.size()];
    int best = 0;
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] = (float) Math.exp(logProbabilities[from + i]);
      if (logProbabilities[from + i] > logProbabilities[from + best]) {
        best = i;
      }
    }
    return Prediction.ofOwned(best, labels.get(best), probabilities);
  }
}
