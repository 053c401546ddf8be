// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReloadableClassifierTest {

  private static final byte[] IMAGE = ClassifierTest.images(1).get(0);

  private final Path folder;

  ReloadableClassifierTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void reload_newFile_answersLikeIt() throws IOException {
    Path first = write("first.onnx", TestModel.mnist());
    Path second = write("second.onnx", TestModel.logits().withSize(28, 28, 3));
    try (ReloadableClassifier digits = ReloadableClassifier.open(first);
        Classifier expected = Classifier.open(second)) {
      assertThat(digits.labels()).hasSize(10);
      digits.reload(second);

      assertThat(digits.classify(IMAGE)).isEqualTo(expected.classify(IMAGE));
      assertThat(digits.labels()).containsExactly("0", "1", "2");
      assertThat(digits.metadata()).isEmpty();
      assertThat(digits.file()).isEqualTo(second);
    }
  }

  @Test
  void reload_samePathOtherContent_answersLikeTheContent() throws IOException {
    Path file = write("model.onnx", TestModel.mnist());
    try (ReloadableClassifier digits = ReloadableClassifier.open(file)) {
      write("model.onnx", TestModel.logits());
      assertThat(digits.metadata()).isNotEmpty();
      digits.reload(file);
      assertThat(digits.metadata()).isEmpty();
    }
  }

  @Test
  void reload_badFile_oldModelGoesOn() throws IOException {
    Path good = write("good.onnx", TestModel.mnist());
    byte[] bytes = Files.readAllBytes(good);
    Path damaged = Files.write(folder.resolve("damaged.onnx"), Arrays.copyOf(bytes, 99));
    Path small = write("small.onnx", TestModel.logits().withSize(8, 28, 10));
    Path notNumbers =
        write("nan.onnx", TestModel.logits().withMetadata(Map.of("coracle.std", "1e-44")));
    try (ReloadableClassifier digits = ReloadableClassifier.open(good)) {
      Prediction before = digits.classify(IMAGE);

      assertThatThrownBy(() -> digits.reload(folder.resolve("absent.onnx")))
          .isInstanceOf(CoracleException.class);
      assertThatThrownBy(() -> digits.reload(damaged)).isInstanceOf(InvalidModelException.class);
      assertThatThrownBy(() -> digits.reload(small))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageEndingWith(
              "small.onnx: expected a model for images of 28×28, as the one in use, found 8×28");
      assertThatThrownBy(() -> digits.reload(notNumbers))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("is not a number");
      assertThatThrownBy(
              () -> digits.reload(good, ModelOptions.builder().sha256("0".repeat(64)).build()))
          .isInstanceOf(InvalidModelException.class);

      assertThat(digits.classify(IMAGE)).isEqualTo(before);
      assertThat(digits.file()).isEqualTo(good);
    }
  }

  @Test
  void reload_withoutOptions_keepsThose() throws IOException {
    Path file = write("model.onnx", TestModel.mnist());
    ModelOptions two = ModelOptions.builder().maxBatch(2).build();
    try (ReloadableClassifier digits = ReloadableClassifier.open(file, two)) {
      digits.reload(file);
      assertThatThrownBy(() -> digits.classify(List.of(IMAGE, IMAGE, IMAGE)))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("expected 1 to 2 images");
      digits.reload(file, ModelOptions.DEFAULTS);
      assertThat(digits.classify(List.of(IMAGE, IMAGE, IMAGE))).hasSize(3);
    }
  }

  @Test
  void close_thenUse_fails() throws IOException {
    Path file = write("model.onnx", TestModel.mnist());
    ReloadableClassifier digits = ReloadableClassifier.open(file);
    digits.close();
    digits.close();

    assertThatThrownBy(() -> digits.classify(IMAGE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageEndingWith("model.onnx is closed; open it again to classify");
    assertThatThrownBy(() -> digits.reload(file)).isInstanceOf(IllegalStateException.class);
    assertThat(digits.classifyAsync(IMAGE)).isCompletedExceptionally();
  }

  private Path write(String name, TestModel model) throws IOException {
    return model.write(folder.resolve(name));
  }
}
