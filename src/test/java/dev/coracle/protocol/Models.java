// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.ModelOptions;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives tests a codec, which needs no ONNX Runtime, and bodies. */
final class Models {

  static final int PIXELS = 784;

  /** Of the form and the metadata of MNIST's model, at most 100 images a call. */
  static final ModelCodec MNIST = codec(TestModel.mnist());

  private Models() {}

  static ModelCodec codec(TestModel model) {
    try {
      Path file = Files.createTempFile("model", ".onnx");
      try {
        return ModelCodec.read(model.write(file), ModelOptions.builder().maxBatch(100).build());
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static RequestBody body(@Nullable String contentType, String text) {
    return new RequestBody(contentType, null, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Number {@code i} of image {@code image}: of both signs, and as many digits as Java writes. */
  static double value(int image, int i) {
    return Math.sin(image * 1000 + i) * 2.8;
  }

  /** Returns the numbers of an image as text. */
  static List<String> texts(int image) {
    return List.of(numbers(image).split(",", -1));
  }

  /** Writes an image's numbers, with commas between them. */
  static String numbers(int image) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < PIXELS; i++) {
      text.append(i == 0 ? "" : ",").append(value(image, i));
    }
    return text.toString();
  }
}
