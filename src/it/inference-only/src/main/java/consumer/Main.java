// SPDX-License-Identifier: Apache-2.0
package consumer;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import java.nio.file.Path;
import java.util.Arrays;

/** Tells light images of 4 x 4 pixels from dark ones. */
public final class Main {

  private Main() {}

  /** Classifies with the file named by the first argument; throws where an answer is wrong. */
  public static void main(String[] args) {
    byte[] light = new byte[16];
    Arrays.fill(light, (byte) 255);
    try (Classifier shades = Classifier.open(Path.of(args[0]))) {
      expect("dark", shades.classify(new byte[16]));
      expect("light", shades.classify(light));
    }
  }

  private static void expect(String label, Prediction prediction) {
    System.out.println(prediction);
    if (!prediction.label().equals(label)) {
      throw new AssertionError("expected " + label + ", got " + prediction);
    }
  }
}
