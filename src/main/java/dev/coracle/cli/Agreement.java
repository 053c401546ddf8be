// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.dataset.ImageSet;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.ModelOptions;
import dev.coracle.train.Evaluation;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Says how far an ONNX file in ONNX Runtime agrees with the network it came from.
 *
 * @param same images for which both find the same class most probable
 * @param largestDifference of any two log-probabilities, in nats
 */
record Agreement(int images, int same, double largestDifference) {

  /** Largest difference that rounding may make; measured are a few millionths. */
  static final double TOLERANCE = 1e-4;

  static Agreement of(Evaluation network, Evaluation file) {
    int same = 0;
    double largest = 0;
    for (int i = 0; i < network.images(); i++) {
      if (network.prediction(i) == file.prediction(i)) {
        same++;
      }
    }
    float[] a = network.logProbabilities();
    float[] b = file.logProbabilities();
    for (int i = 0; i < a.length; i++) {
      double difference = Math.abs((double) a[i] - b[i]);
      // Not Math.max alone: a NaN on either side must count as disagreement.
      largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
    }
    return new Agreement(network.images(), same, largest);
  }

  /** Runs an ONNX file over a set with all cores. */
  static Evaluation evaluate(Path file, ImageSet set) {
    ModelOptions allCores = ModelOptions.builder().intraOpThreads(0).build();
    try (Classifier classifier = Classifier.open(file, allCores)) {
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
