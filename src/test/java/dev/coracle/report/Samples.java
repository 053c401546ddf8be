// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.Fact;
import dev.coracle.report.ReportData.LossPoint;
import dev.coracle.report.ReportData.OnnxCheck;
import dev.coracle.report.ReportData.TestSet;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Makes up training runs, always the same ones. */
final class Samples {

  static final List<String> DIGITS = IntStream.range(0, 10).mapToObj(Integer::toString).toList();

  private Samples() {}

  /** Random images, and scores that favour the true class but not always. */
  static TestSet testSet(int images, List<String> names, double favour) {
    Random random = new Random(7);
    int classes = names.size();
    byte[] pixels = new byte[images * 5 * 4];
    random.nextBytes(pixels);
    byte[] labels = new byte[images];
    float[] scores = new float[images * classes];
    for (int i = 0; i < images; i++) {
      labels[i] = (byte) random.nextInt(classes);
      for (int c = 0; c < classes; c++) {
        scores[i * classes + c] = (float) (random.nextGaussian() - 5);
      }
      scores[i * classes + labels[i]] += (float) favour;
    }
    return new TestSet(5, 4, pixels, labels, names, scores);
  }

  static ReportData report(TestSet testSet) {
    return new ReportData(
        "A run",
        List.of(new Fact("seed", "1")),
        List.of(new Fact("batch-size", "100")),
        IntStream.rangeClosed(1, 50).mapToObj(i -> new LossPoint(i / 25.0, 2.0 / i)).toList(),
        List.of(
            new Epoch(1, 0.2, 0.1, 0.97, 30, 2000, 1.0),
            new Epoch(2, 0.1, 0.05, 0.98, 31, 1900, 0.7)),
        testSet,
        new OnnxCheck(
            testSet.labels().length, testSet.labels().length, 3e-6, 1e-4, "m.onnx", 17, 9));
  }

  static ReportData report(TestSet testSet, List<LossPoint> losses, List<Epoch> epochs) {
    return new ReportData("A run", List.of(), List.of(), losses, epochs, testSet, null);
  }

  /** Two classes; each image is given by its true class and the probability of class 1. */
  static TestSet binary(int[] labels, double... probabilities) {
    byte[] bytes = new byte[labels.length];
    float[] logs = new float[2 * labels.length];
    for (int i = 0; i < labels.length; i++) {
      bytes[i] = (byte) labels[i];
      logs[2 * i] = (float) Math.log(1 - probabilities[i]);
      logs[2 * i + 1] = (float) Math.log(probabilities[i]);
    }
    byte[] pixels = new byte[labels.length];
    Arrays.fill(pixels, (byte) 200);
    return new TestSet(1, 1, pixels, bytes, List.of("no", "yes"), logs);
  }
}
