// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.ModelOptions;
import dev.coracle.net.Net;
import dev.coracle.train.Evaluation;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Says how closely an ONNX file in ONNX Runtime agrees with the network it was exported from.
 *
 * @param same images for which both find the same class most probable, or two classes between which
 *     the network's difference is within the tolerance
 * @param largestDifference of any two log-probabilities, in nats, or relative to the network's
 *     where that exceeds 1 in magnitude
 */
record Agreement(int images, int same, double largestDifference) {

  /** Largest difference attributed to rounding; measured ones are a few millionths. */
  static final double TOLERANCE = 1e-4;

  /**
   * Compares a file with the network that it was exported from.
   *
   * @throws CoracleException when they disagree
   */
  static Agreement require(Evaluation network, Path file, ImageSet set) {
    Agreement agreement = of(network, evaluate(file, set));
    if (!agreement.holds()) {
      throw new CoracleException(
          "the exported file does not agree with the network it comes from: " + agreement);
    }
    return agreement;
  }

  static Agreement of(Evaluation network, Evaluation file) {
    int same = 0;
    double largest = 0;
    for (int i = 0; i < network.images(); i++) {
      if (isSame(network, i, file.prediction(i))) {
        same++;
      }
    }
    float[] a = network.logProbabilities();
    float[] b = file.logProbabilities();
    for (int i = 0; i < a.length; i++) {
      double difference = Math.abs((double) a[i] - b[i]) / scale(a[i]);
      // Not Math.max alone: a NaN on either side must count as disagreement.
      largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
    }
    return new Agreement(network.images(), same, largest);
  }

  private static boolean isSame(Evaluation network, int image, int other) {
    int own = network.prediction(image);
    if (own < 0 || other < 0) {
      return false; // not a number, which is not the same as anything
    }
    int row = image * network.classes();
    float[] values = network.logProbabilities();
    float best = values[row + own];
    return own == other || best - values[row + other] <= TOLERANCE * scale(best);
  }

  /** Rounding errors scale with the numbers, as in the exporter's own verification. */
  private static double scale(float value) {
    return Math.max(1, Math.abs((double) value));
  }

  /** Runs an ONNX file over a set, of any size. */
  static Evaluation evaluate(Path file, ImageSet set) {
    ModelOptions whole = ModelOptions.builder().maxBatch(Integer.MAX_VALUE).build();
    try (Classifier classifier = Classifier.open(file, whole)) {
      if (classifier.rows() != set.rows() || classifier.columns() != set.columns()) {
        throw new CoracleException(
            "%s: expected a model for the set's images of %d×%d, found one for %d×%d"
                .formatted(
                    file, set.rows(), set.columns(), classifier.rows(), classifier.columns()));
      }
      if (classifier.labels().size() != Net.CLASSES) {
        throw new CoracleException(
            "%s: expected a model of the set's %d classes, found one of %d"
                .formatted(file, Net.CLASSES, classifier.labels().size()));
      }
      return Evaluation.of(classifier.logProbabilities(set.pixels(), set.size()), set);
    }
  }

  boolean holds() {
    return same == images && largestDifference <= TOLERANCE;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "same digit for %,d of %,d images, log-probabilities within %.1e (at most %.0e allowed)",
        same,
        images,
        largestDifference,
        TOLERANCE);
  }
}
