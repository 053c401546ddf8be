// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a {@link Classifier} refuses, and what it says. */
class ClassifierInputTest {

  private final Path folder;

  ClassifierInputTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @ParameterizedTest
  @MethodSource("wrongImages")
  void classify_wrongImage_saysWhatWasExpected(Object image, String found) throws IOException {
    String expected =
        "image 1: expected 784 pixels (28 rows of 28) as byte[], float[], ByteBuffer, EncodedImage or BufferedImage";
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      assertInvalid(
          () -> digits.classify(Arrays.asList(new byte[784], image)), expected + ", got " + found);
    }
  }

  static Stream<Arguments> wrongImages() {
    return Stream.of(
        arguments(new byte[783], "783 bytes"),
        arguments(new byte[0], "0 bytes"),
        arguments(new float[28], "28 floats"),
        arguments(ByteBuffer.allocate(785), "a buffer with 785 bytes"),
        arguments(FloatBuffer.allocate(784), "java.nio.HeapFloatBuffer"),
        arguments(new int[784], "int[]"),
        arguments(new float[28][28], "float[][]"),
        arguments(null, "null"));
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, -0.01f, 1.01f, 255f})
  void classify_floatOutside0To1_isRefused(float value) throws IOException {
    float[] pixels = new float[784];
    pixels[5] = value;
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      assertInvalid(
          () -> digits.classify(pixels),
          "image 0: expected floats from 0 to 1 (a byte divided by 255), got %s as pixel 5"
              .formatted(value));
    }
  }

  @Test
  void classify_wrongNumberOfImages_saysTheLimits() throws IOException {
    ModelOptions two = ModelOptions.builder().maxBatch(2).build();
    try (Classifier digits = Classifier.open(write(TestModel.mnist()), two)) {
      String expected = "expected 1 to 2 images (ModelOptions.maxBatch), got ";
      byte[] image = new byte[784];
      assertThat(digits.classify(List.of(image, image))).hasSize(2);
      assertInvalid(() -> digits.classify(List.of(image, image, image)), expected + 3);
      assertInvalid(() -> digits.classify(List.of()), expected + 0);
      assertInvalid(() -> digits.logProbabilities(new byte[0], 0), expected + 0);
      assertInvalid(() -> digits.logProbabilities(new byte[0], -1), expected + -1);
      assertInvalid(() -> digits.logProbabilities(new byte[3 * 784], 3), expected + 3);
      assertInvalid(
          () -> digits.logProbabilities(new byte[784], 2),
          "expected 2 images of 784 pixels (28 rows of 28), got 784 bytes");
    }
  }

  @Test
  @SuppressWarnings("NullAway") // what an application without a checker can do
  void classify_null_saysWhatWasExpected() throws IOException {
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      assertInvalid(
          () -> digits.classify((byte[]) null),
          "image 0: expected 784 pixels (28 rows of 28) as byte[], float[], ByteBuffer, EncodedImage or BufferedImage, got null");
      assertInvalid(
          () -> digits.classify((float[]) null),
          "image 0: expected 784 pixels (28 rows of 28) as byte[], float[], ByteBuffer, EncodedImage or BufferedImage, got null");
      assertInvalid(() -> digits.classify((List<?>) null), "expected a list of images, got null");
      assertInvalid(
          () -> digits.logProbabilities((byte[]) null, 1),
          "expected 1 images of 784 pixels (28 rows of 28), got null");
    }
  }

  /** The bytes do not change, where the buffer stands does. */
  @Test
  void classifyAsync_bufferThatMovesOn_isReadWhereItStood() throws Exception {
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      ByteBuffer all = ByteBuffer.allocate(50 * 784);
      new Random(1).nextBytes(all.array());
      List<CompletableFuture<Prediction>> answers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        answers.add(digits.classifyAsync(all.limit((i + 1) * 784).position(i * 784)));
      }
      for (int i = 0; i < 50; i++) {
        byte[] image = Arrays.copyOfRange(all.array(), i * 784, (i + 1) * 784);
        assertThat(answers.get(i).get()).isEqualTo(digits.classify(image));
      }
    }
  }

  @Test
  @SuppressWarnings("NullAway") // what an application without a checker can do
  void classify_encodedImageOfNull_saysWhatWasExpected() throws IOException {
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      assertInvalid(
          () -> digits.classify(List.of(new EncodedImage(null))),
          "image 0: expected 784 pixels (28 rows of 28) as byte[], float[], ByteBuffer, EncodedImage or BufferedImage, got null as encoded values");
    }
  }

  @Test
  void classifyAsync_wrongImage_failsTheFuture() throws IOException {
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      assertThat(digits.classifyAsync(new byte[783]))
          .failsWithin(Duration.ofMinutes(1))
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(InvalidInputException.class)
          .withMessageContaining("got 783 bytes");
    }
  }

  @Test
  @SuppressWarnings("NullAway") // what an application without a checker can do
  void classify_pictureThatCannotBeFitted_saysWhich() throws IOException {
    BufferedImage empty = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
    String reason =
        "the picture is empty: no pixel differs from the background (0 of 255) by 32 or more";
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      assertInvalid(() -> digits.pixels(empty), reason);
      assertInvalid(() -> digits.classify(empty), "image 0: " + reason);
      assertInvalid(() -> digits.classify(List.of(new byte[784], empty)), "image 1: " + reason);
      assertInvalid(() -> digits.pixels(null), "expected a BufferedImage, got null");
      assertInvalid(
          () -> digits.classify((BufferedImage) null),
          "image 0: expected 784 pixels (28 rows of 28) as byte[], float[], ByteBuffer, EncodedImage or BufferedImage, got null");
    }
  }

  private static void assertInvalid(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(InvalidInputException.class).hasMessage(message);
  }

  private Path write(TestModel model) throws IOException {
    return model.write(folder.resolve("model.onnx"));
  }
}
