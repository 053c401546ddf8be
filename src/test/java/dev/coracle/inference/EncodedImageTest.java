// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that are scaled already, and the model's output as it is. */
class EncodedImageTest {

  private final Path folder;

  EncodedImageTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** The oracle is plain Java in double precision; float32 sums of 784 products differ by this. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void scores_encodedAndPlainImages_areWhatPlainJavaComputes(boolean uint8) throws IOException {
    TestModel model = uint8 ? TestModel.mnist().withUint8Input() : TestModel.mnist();
    List<byte[]> pixels = ClassifierTest.images(40);
    List<Object> images = new ArrayList<>();
    for (int i = 0; i < pixels.size(); i++) {
      images.add(i % 2 == 0 ? pixels.get(i) : encoded(pixels.get(i), uint8));
    }
    try (Classifier digits = Classifier.open(model.write(folder.resolve("model.onnx")))) {
      float[] scores = digits.scores(images);
      assertThat(scores).hasSize(400);
      for (int i = 0; i < pixels.size(); i++) {
        double[] expected = model.expected(pixels.get(i));
        for (int label = 0; label < 10; label++) {
          assertThat((double) scores[i * 10 + label]).isCloseTo(expected[label], within(2e-3));
        }
      }
      assertThat(digits.codec().decode(FloatBuffer.wrap(scores), 40))
          .isEqualTo(digits.classify(images));
    }
  }

  /** The model's input, computed here as PyTorch's ToTensor and Normalize do. */
  private static EncodedImage encoded(byte[] pixels, boolean uint8) {
    float[] values = new float[pixels.length];
    for (int i = 0; i < values.length; i++) {
      int grey = pixels[i] & 0xff;
      values[i] = uint8 ? grey : (grey / 255f - 0.1307f) / 0.3081f;
    }
    return new EncodedImage(values);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void check_valueThatIsNoNumber_isRefused(float value) throws IOException {
    assertRefused(
        TestModel.mnist(),
        value,
        "image 0: expected numbers that a float32 can hold, as the model's input has, got %s as value 7");
  }

  @ParameterizedTest
  @ValueSource(floats = {-1, 256, 0.5f, Float.NaN})
  void check_uint8ModelAndNoWholeByte_isRefused(float value) throws IOException {
    assertRefused(
        TestModel.mnist().withUint8Input(),
        value,
        "image 0: expected whole numbers from 0 to 255, as the model's input has, got %s as value 7");
  }

  private void assertRefused(TestModel model, float value, String message) throws IOException {
    float[] values = new float[784];
    values[7] = value;
    try (Classifier digits = Classifier.open(model.write(folder.resolve("model.onnx")))) {
      assertThatThrownBy(() -> digits.codec().check(List.of(new EncodedImage(values))))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(message, value);
      assertThatThrownBy(() -> digits.scores(List.of(new EncodedImage(values))))
          .isInstanceOf(InvalidInputException.class);
    }
  }

  @Test
  void check_wrongLength_isRefused() throws IOException {
    try (Classifier digits =
        Classifier.open(TestModel.mnist().write(folder.resolve("model.onnx")))) {
      assertThatThrownBy(() -> digits.codec().check(List.of(new EncodedImage(new float[10]))))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageEndingWith("got 10 encoded values");
    }
  }

  @Test
  void toBuilder_keepsEveryOption() {
    ModelOptions options =
        ModelOptions.builder()
            .intraOpThreads(3)
            .optimizationLevel(ModelOptions.OptimizationLevel.BASIC)
            .optimizedFile(Path.of("a.onnx"))
            .cuda(1)
            .maxBatch(5)
            .maxFileBytes(7)
            .sha256("ab".repeat(32))
            .allowDomains("x", "y")
            .externalDataFolder(Path.of("data"))
            .build();
    assertThat(options.toBuilder().build()).usingRecursiveComparison().isEqualTo(options);
  }
}
