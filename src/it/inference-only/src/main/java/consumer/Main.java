// SPDX-License-Identifier: Apache-2.0
package consumer;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.DType;
import dev.coracle.inference.OnnxModel;
import dev.coracle.inference.Prediction;
import dev.coracle.inference.ReloadableClassifier;
import dev.coracle.inference.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

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
      expect("light", shades.classify(List.of(new byte[16], light)).get(1));
      expect("light", shades.classifyAsync(light).join());
    }
    try (ReloadableClassifier shades = ReloadableClassifier.open(Path.of(args[0]))) {
      shades.reload(Path.of(args[0]));
      expect("light", shades.classify(light));
    }
    try (OnnxModel model = OnnxModel.open(Path.of(args[0]))) {
      Tensor image = Tensor.allocate(DType.FLOAT32, 1, 1, 4, 4);
      System.out.println(model.run(Map.of("input_0", image)).keySet());
    }
  }

  private static void expect(String label, Prediction prediction) {
    System.out.println(prediction);
    if (!prediction.label().equals(label)) {
      throw new AssertionError("expected " + label + ", got " + prediction);
    }
  }
}
