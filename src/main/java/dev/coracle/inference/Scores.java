// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import dev.coracle.ModelMetadata;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * Turns a model's output, (images, classes) row-major, into predictions.
 *
 * @param file for messages
 * @param kind what the model's scores are: {@link ModelMetadata#LOGITS}, {@link
 *     ModelMetadata#LOG_PROBABILITIES} or {@link ModelMetadata#PROBABILITIES}
 */
record Scores(Path file, List<String> labels, String kind) {

  /** By how much rounding in a float32 softmax, or its logarithm, may put a probability above 1. */
  private static final double ROUNDING = 1e-3;

  /**
   * Makes a prediction from the scores of one image.
   *
   * @param row number of the image in {@code scores}
   * @throws CoracleException if a score is not a number, or not possible for its kind
   */
  Prediction prediction(FloatBuffer scores, int row) {
    int classes = labels.size();
    int from = row * classes;
    int best = best(scores, from);
    double logSum = logSum(scores, from, scores.get(from + best));
    boolean raw = kind.equals(ModelMetadata.PROBABILITIES);
    float[] probabilities = new float[classes];
    for (int i = 0; i < classes; i++) {
      float score = scores.get(from + i);
      probabilities[i] = checked(raw ? score : Math.exp(score - logSum), scores, from, i);
    }
    return Prediction.ofOwned(best, labels.get(best), probabilities);
  }

  /** Writes the natural logarithms of one image's probabilities to {@code target}. */
  void logProbabilities(FloatBuffer scores, int row, float[] target, int at) {
    int classes = labels.size();
    int from = row * classes;
    double logSum = logSum(scores, from, scores.get(from + best(scores, from)));
    boolean raw = kind.equals(ModelMetadata.PROBABILITIES);
    for (int i = 0; i < classes; i++) {
      float score = scores.get(from + i);
      double probability = raw ? score : Math.exp(score - logSum);
      checked(probability, scores, from, i);
      target[at + i] = (float) Math.min(raw ? Math.log(score) : score - logSum, 0);
    }
  }

  /** Returns the number of the highest score, the first one on a tie. */
  private int best(FloatBuffer scores, int from) {
    int best = 0;
    for (int i = 0; i < labels.size(); i++) {
      float score = scores.get(from + i);
      if (Float.isNaN(score)) {
        throw new CoracleException(
            "%s: the score of class %d is not a number; check the model's weights and scaling"
                .formatted(file, i));
      }
      if (score > scores.get(from + best)) {
        best = i;
      }
    }
    return best;
  }

  /** Returns a probability as a float, reduced to 1 if rounding has put it slightly above. */
  private float checked(double probability, FloatBuffer scores, int from, int i) {
    if (probability >= 0 && probability <= 1 + ROUNDING) {
      return (float) Math.min(probability, 1);
    }
    throw new CoracleException(
        "%s: expected %s, got the score %s for class %d; check the model, and what its metadata say as %s"
            .formatted(file, kind, scores.get(from + i), i, ModelMetadata.OUTPUT_KIND));
  }

  /**
   * Returns the logarithm of the sum of exponentials of logits, 0 for other kinds; the maximum is
   * subtracted first, so that nothing overflows.
   */
  private double logSum(FloatBuffer scores, int from, float max) {
    if (!kind.equals(ModelMetadata.LOGITS)) {
      return 0;
    }
    double sum = 0;
    for (int i = 0; i < labels.size(); i++) {
      sum += Math.exp(scores.get(from + i) - max);
    }
    return max + Math.log(sum);
  }
}
