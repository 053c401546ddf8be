// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.util.Locale;
import java.util.Map;

/**
 * Names the metrics of a training job, writes them as one line per epoch, and has the regular
 * expressions by which SageMaker finds them in the log.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_MetricDefinition.html">
 *     MetricDefinition</a>, where an expression has at most 500 characters
 */
public final class TrainingMetrics {

  /** Regular expressions by the metrics' names; the first group is the value. */
  public static final Map<String, String> DEFINITIONS =
      Map.of(
          "train:loss", "epoch=\\d+; train_loss=([0-9.]+);",
          "test:loss", "test_loss=([0-9.]+);",
          "test:accuracy", "test_accuracy=([0-9.]+);",
          "train:images_per_second", "images_per_second=([0-9.]+);");

  private TrainingMetrics() {}

  /**
   * Returns the line of an epoch, with decimal points and without exponents in any locale.
   *
   * @param accuracy 0 to 1
   */
  public static String line(
      int epoch, double trainLoss, double testLoss, double accuracy, double imagesPerSecond) {
    return String.format(
        Locale.ROOT,
        "epoch=%d; train_loss=%.6f; test_loss=%.6f; test_accuracy=%.6f; images_per_second=%.1f;",
        epoch,
        trainLoss,
        testLoss,
        accuracy,
        imagesPerSecond);
  }
}
