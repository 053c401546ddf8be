// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Holds all that {@link HtmlReport} shows of one training run. Values that follow from the test
 * set's log-probabilities (accuracy, confusion, mistakes) are computed, not passed.
 *
 * @param title the page's heading, such as "MNIST, 14 epochs"
 * @param facts where the numbers come from: command, device, JDK, versions, seed, data hash, model
 * @param options the configuration: option and value, in the order to show
 * @param losses training losses in the order they were measured; empty when none were kept
 * @param epochs one entry per epoch, in order; empty when no epoch was finished
 * @param onnx null when the exported file was not compared with the network
 */
public record ReportData(
    String title,
    List<Fact> facts,
    List<Fact> options,
    List<LossPoint> losses,
    List<Epoch> epochs,
    TestSet testSet,
    @Nullable OnnxCheck onnx) {

  public ReportData {
    facts = List.copyOf(facts);
    options = List.copyOf(options);
    losses = List.copyOf(losses);
    epochs = List.copyOf(epochs);
  }

  /** A name and its value, both shown unchanged. */
  public record Fact(String label, String value) {}

  /**
   * A training loss.
   *
   * @param epoch epochs passed when it was measured, with fraction: 0.35 is 35 % of the first epoch
   * @param loss mean negative log-likelihood of a batch, in nats
   */
  public record LossPoint(double epoch, double loss) {}

  /**
   * The results of one epoch.
   *
   * @param epoch counts from 1
   * @param trainLoss mean over the epoch, in nats
   * @param testLoss after the epoch, in nats
   * @param testAccuracy after the epoch, 0 to 1
   * @param seconds of training, without the test
   * @param imagesPerSecond of training
   */
  public record Epoch(
      int epoch,
      double trainLoss,
      double testLoss,
      double testAccuracy,
      double seconds,
      double imagesPerSecond,
      double learningRate) {}

  /**
   * The test images and the network's answers. The arrays are not copied.
   *
   * @param pixels unsigned grey values, (N, rows, columns), 0 black, 255 white
   * @param labels the true classes, unsigned, (N)
   * @param classNames one name per class, in the order of the log-probabilities' last axis
   * @param logProbabilities natural logarithms, (N, classes)
   */
  @SuppressWarnings("ArrayRecordComponent") // A view on large arrays; never compared.
  public record TestSet(
      int rows,
      int columns,
      byte[] pixels,
      byte[] labels,
      List<String> classNames,
      float[] logProbabilities) {

    /** Throws IllegalArgumentException when the arrays' lengths are inconsistent. */
    public TestSet {
      classNames = List.copyOf(classNames);
      int n = labels.length;
      int classes = classNames.size();
      require("rows*columns", rows > 0 && columns > 0, rows + "*" + columns, "both positive");
      require("labels", n > 0, "0 of them", "at least one test image");
      long wantedPixels = (long) n * rows * columns;
      require("pixels", pixels.length == wantedPixels, pixels.length + " bytes", wantedPixels);
      long wanted = (long) n * classes;
      require(
          "logProbabilities",
          logProbabilities.length == wanted,
          logProbabilities.length + " values",
          n + " images * " + classes + " classes = " + wanted);
      for (int i = 0; i < n; i++) {
        int label = Byte.toUnsignedInt(labels[i]);
        require("labels[" + i + "]", label < classes, label, "a class below " + classes);
      }
    }

    private static void require(String what, boolean holds, Object value, Object expected) {
      if (!holds) {
        throw new IllegalArgumentException(what + ": " + value + ", expected " + expected);
      }
    }

    int size() {
      return labels.length;
    }

    int label(int image) {
      return Byte.toUnsignedInt(labels[image]);
    }

    float logProbability(int image, int label) {
      return logProbabilities[image * classNames.size() + label];
    }
  }

  /**
   * How the exported file compares with the network it came from.
   *
   * @param images compared
   * @param samePredictions how many of them both gave the same class
   * @param largestDifference of any two log-probabilities, in nats, or relative to the network's
   *     where that exceeds 1 in magnitude
   * @param tolerance upper limit of {@code largestDifference}
   * @param fileName of the ONNX file, without folder
   * @param bytes the file's size
   */
  public record OnnxCheck(
      int images,
      int samePredictions,
      double largestDifference,
      double tolerance,
      String fileName,
      int opset,
      long bytes) {

    /** Says whether every prediction is the same and no difference exceeds the tolerance. */
    public boolean passed() {
      return samePredictions == images && largestDifference <= tolerance;
    }
  }
}
