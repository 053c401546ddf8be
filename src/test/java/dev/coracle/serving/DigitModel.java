// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import ai.djl.ndarray.types.Shape;
import dev.coracle.ModelMetadata;
import dev.coracle.dataset.Mnist;
import dev.coracle.net.Net;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.train.TrainingOptions;
import dev.coracle.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Trains a model that reads clear digits, in seconds: on a tenth of MNIST. */
final class DigitModel {

  private static final int TRAIN_IMAGES = 6_000;

  private DigitModel() {}

  static Path write(Path file) throws IOException {
    Mnist data = Mnist.read(Path.of("datasets/mnist"));
    TrainingOptions options = TrainingOptions.builder().batchSize(32).device("cpu").build();
    try (TrainingRun run =
        new TrainingRun(options, data.train().first(TRAIN_IMAGES), data.test().first(100))) {
      run.train(List.of());
      OnnxExporter.builder()
          .block(run.block())
          .input("input_0", new Shape(1, 1, Net.SIZE, Net.SIZE))
          .output("output_0")
          .metadata(
              Map.of(
                  ModelMetadata.OUTPUT_KIND, ModelMetadata.LOG_PROBABILITIES,
                  ModelMetadata.MEAN, Float.toString(Net.MEAN),
                  ModelMetadata.STD, Float.toString(Net.STD)))
          .export(file);
    }
    return file;
  }
}
