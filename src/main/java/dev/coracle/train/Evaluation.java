// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import dev.coracle.dataset.ImageSet;

/** Holds a network's answers for a labelled set. Immutable except for the array it shares. */
public final class Evaluation {

  private final float[] logProbabilities;
  private final int images;
  private final int classes;
  private final int correct;
  private final double loss;

  private Evaluation(float[] logProbabilities, int images, int correct, double loss) {
    this.logProbabilities = logProbabilities;
    this.images = images;
    this.classes = logProbabilities.length / images;
    this.correct = correct;
    this.loss = loss;
  }

  /**
   * Scores log-probabilities (images, classes) against the labels of {@code set}. Throws
   * IllegalArgumentException when the lengths do not agree, or a label is not one of the classes.
   */
  public static Evaluation of(float[] logProbabilities, ImageSet set) {
    int images = set.size();
    int classes = images == 0 ? 0 : logProbabilities.length / images;
    if (classes == 0 || logProbabilities.length != images * classes) {
      throw new IllegalArgumentException(
          "expected a row of log-probabilities for each of %d images, got %d values"
              .formatted(images, logProbabilities.length));
    }
    int correct = 0;
    double loss = 0;
    for (int i = 0; i < images; i++) {
      if (mostProbable(logProbabilities, i * classes, classes) == set.label(i)) {
        correct++;
      }
      if (set.label(i) >= classes) {
        throw new IllegalArgumentException(
            "image %d: expected a label from 0 to %d, got %d"
                .formatted(i, classes - 1, set.label(i)));
      }
      loss -= logProbabilities[i * classes + set.label(i)];
    }
    return new Evaluation(logProbabilities, images, correct, loss / images);
  }

  /** Returns (images, classes) in row-major order; shared, not copied. */
  public float[] logProbabilities() {
    return logProbabilities;
  }

  public int images() {
    return images;
  }

  public int classes() {
    return classes;
  }

  /** Returns the number of images whose most probable class is their label. */
  public int correct() {
    return correct;
  }

  /** Returns the mean negative log-likelihood. */
  public double loss() {
    return loss;
  }

  /** Returns the share of images classified correctly, 0 to 1. */
  public double accuracy() {
    return (double) correct / images;
  }

  /**
   * Returns the most probable class of an image, the first of equal ones; -1, which is no label,
   * where one of its log-probabilities is not a number.
   */
  public int prediction(int image) {
    return mostProbable(logProbabilities, image * classes, classes);
  }

  private static int mostProbable(float[] values, int from, int length) {
    int best = 0;
    for (int i = 0; i < length; i++) {
      if (Float.isNaN(values[from + i])) {
        return -1;
      }
      best = values[from + i] > values[from + best] ? i : best;
    }
    return best;
  }
}
