// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClassifierTest {

  /** The oracle is in double precision; a float32 sum of 784 such products is off by under 1e-5. */
  private static final Offset<Double> FLOAT32_SUM = within(1e-5);

  private final Path folder;

  ClassifierTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void classify_modelWithMetadata_givesLabelAndProbabilitiesOfTheOracle() throws IOException {
    TestModel model = TestModel.mnist();
    byte[] image = images(1).get(0);
    double[] expected = model.expected(image);
    try (Classifier digits = Classifier.open(write(model))) {
      Prediction prediction = digits.classify(image);

      assertThat(prediction.index()).isEqualTo(argmax(expected));
      assertThat(prediction.label()).isEqualTo(digits.labels().get(prediction.index()));
      assertThat(prediction.probability())
          .isEqualTo(prediction.probabilities()[prediction.index()]);
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) prediction.probabilities()[i])
            .isCloseTo(Math.exp(expected[i]), FLOAT32_SUM);
      }
      assertThat(digits.labels()).startsWith("zero", "one").hasSize(10);
      assertThat(digits.metadata()).isEqualTo(model.metadata());
      assertThat(digits.rows()).isEqualTo(28);
      assertThat(digits.columns()).isEqualTo(28);
    }
  }

  @Test
  void logProbabilities_eachKindOfModel_agreesWithTheOracle() throws IOException {
    TestModel logits = TestModel.logits();
    assertAgreesWithOracle(logits, 7);
    assertAgreesWithOracle(logits.withLogSoftmax(), 7); // unsaid
    assertAgreesWithOracle(TestModel.mnist(), 7);
    assertAgreesWithOracle(TestModel.mnist().withUint8Input(), 7);
    assertAgreesWithOracle(logits.withSize(5, 3, 2), 7);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 3", "4, 1", "4, 4", "4, 9", "300, 301"})
  void logProbabilities_fixedBatch_anyNumberOfImages(long batch, int count) throws IOException {
    assertAgreesWithOracle(TestModel.mnist().withBatch(batch), count);
    assertAgreesWithOracle(TestModel.mnist().withUint8Input().withBatch(batch), count);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 5, 31, 32, 33, 64, 65, 600})
  void logProbabilities_aroundTheInternalBatch_everyImageInItsPlace(int count) throws IOException {
    assertAgreesWithOracle(TestModel.mnist(), count);
  }

  @Test
  void logProbabilities_bufferOfAnyKind_sameBits() throws IOException {
    byte[] pixels = join(images(3));
    ByteBuffer inside = ByteBuffer.allocateDirect(pixels.length + 20).position(9);
    inside.put(pixels).flip().position(9);
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      float[] expected = digits.logProbabilities(pixels, 3);

      assertThat(digits.logProbabilities(inside, 3)).isEqualTo(expected);
      assertThat(inside.position()).isEqualTo(9);
      assertThat(inside.remaining()).isEqualTo(pixels.length);
      assertThat(digits.logProbabilities(inside.asReadOnlyBuffer(), 3)).isEqualTo(expected);
    }
  }

  @Test
  void classify_list_sameOrderAndSameAnswers() throws IOException {
    List<byte[]> images = images(40);
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      List<Prediction> together = digits.classify(images);

      assertThat(together).hasSize(40);
      for (int i = 0; i < 40; i++) {
        Prediction alone = digits.classify(images.get(i));
        assertThat(together.get(i).label()).isEqualTo(alone.label());
        // Another batch size may take another kernel, which adds up in another order.
        assertThat((double) together.get(i).probability())
            .isCloseTo(alone.probability(), FLOAT32_SUM);
      }
      assertThat(together.stream().map(Prediction::index).distinct()).hasSizeGreaterThan(1);
    }
  }

  @Test
  void classify_eachKindOfImage_sameAnswer() throws IOException {
    byte[] bytes = images(1).get(0);
    float[] floats = new float[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      floats[i] = (bytes[i] & 0xff) / 255f;
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(800).position(9).put(bytes).flip().position(9);
    for (TestModel model : List.of(TestModel.mnist(), TestModel.mnist().withUint8Input())) {
      try (Classifier digits = Classifier.open(write(model))) {
        Prediction expected = digits.classify(bytes);

        assertThat(digits.classify(floats)).isEqualTo(expected);
        assertThat(digits.classify(buffer)).isEqualTo(expected);
        assertThat(digits.classify(buffer.asReadOnlyBuffer())).isEqualTo(expected);
        assertThat(digits.classify(List.of(floats, buffer, bytes)))
            .isEqualTo(digits.classify(List.of(bytes, bytes, bytes)));
        assertThat(digits.classifyAsync(bytes).join()).isEqualTo(expected);
        assertThat(digits.classifyAsync(floats).join()).isEqualTo(expected);
        assertThat(digits.classifyAsync(buffer).join()).isEqualTo(expected);
        assertThat(digits.classifyAsync(List.of(buffer)).join()).containsExactly(expected);
        assertThat(buffer.position()).isEqualTo(9);
      }
    }
  }

  @Test
  void classify_picture_isAsItsPixels() throws IOException {
    byte[] bytes = images(1).get(0);
    Arrays.fill(bytes, 0, 4 * 28, (byte) 0); // so that the ends of the border are background
    Arrays.fill(bytes, 24 * 28, 784, (byte) 0);
    BufferedImage page = Pictures.page(bytes);
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      byte[] pixels = digits.pixels(page);

      assertThat(digits.pixels(Pictures.same(bytes))).isEqualTo(bytes);
      assertThat(digits.classify(Pictures.same(bytes))).isEqualTo(digits.classify(bytes));
      assertThat(digits.classify(page)).isEqualTo(digits.classify(pixels));
      assertThat(digits.classifyAsync(page).join()).isEqualTo(digits.classify(pixels));
      assertThat(digits.classify(List.of(bytes, page)))
          .isEqualTo(digits.classify(List.of(bytes, pixels)));
    }
  }

  /** The metadata says it, or the operator, where the metadata is silent. */
  @ParameterizedTest
  @ValueSource(strings = {"coracle.output", "note"})
  void classify_modelThatGivesProbabilities_takesThemAsTheyAre(String key) throws IOException {
    TestModel model = TestModel.logits().withSize(2, 2, 3);
    byte[] image = {1, 2, 3, 4};
    double[] expected = model.expected(image);
    Path file = write(model.withSoftmax().withMetadata(Map.of(key, "probabilities")));
    try (Classifier classifier = Classifier.open(file)) {
      Prediction prediction = classifier.classify(image);
      float[] logs = classifier.logProbabilities(image, 1);
      for (int i = 0; i < 3; i++) {
        assertThat((double) prediction.probabilities()[i])
            .isCloseTo(Math.exp(expected[i]), FLOAT32_SUM);
        assertThat((double) logs[i]).isCloseTo(expected[i], FLOAT32_SUM);
      }
    }
  }

  @Test
  void classify_pixels_areUnsigned() throws IOException {
    TestModel model = TestModel.logits().withSize(1, 2, 2);
    try (Classifier shades = Classifier.open(write(model))) {
      float[] white = shades.logProbabilities(new byte[] {(byte) 0xff, (byte) 0x80}, 1);
      double[] expected = model.expected(new byte[] {(byte) 0xff, (byte) 0x80});
      assertThat((double) white[0]).isCloseTo(expected[0], FLOAT32_SUM);
    }
  }

  /** Metadata that are wrong about the output must not end in percentages that nobody can read. */
  @ParameterizedTest
  @CsvSource({"probabilities, -", "log_probabilities, "})
  void classify_scoresOfAnotherKind_saysSo(String kind, String sign) throws IOException {
    TestModel model = TestModel.logits().withMetadata(Map.of("coracle.output", kind));
    String said = "expected " + kind + ", got the score " + (sign == null ? "" : sign);
    try (Classifier digits = Classifier.open(write(model))) {
      for (byte[] image : images(3)) {
        assertThatThrownBy(() -> digits.classify(image))
            .isInstanceOf(CoracleException.class)
            .hasMessageContaining(said)
            .hasMessageEndingWith("check the model, and what its metadata say as coracle.output");
        assertThatThrownBy(() -> digits.logProbabilities(image, 1))
            .isInstanceOf(CoracleException.class)
            .hasMessageContaining(said);
      }
    }
  }

  /** A call may allocate 512 bytes, of which ONNX Runtime's own Java takes 416 once compiled. */
  @Test
  void classify_oneImage_allocatesAtMost512Bytes() throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    byte[] image = images(1).get(0);
    try (Classifier digits = Classifier.open(write(TestModel.mnist()))) {
      long least = Long.MAX_VALUE;
      for (int round = 0; round < 40 && least > 512; round++) { // until it is compiled
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 2_000; i++) {
          digits.classify(image);
        }
        least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / 2_000);
      }
      assertThat(least).as("bytes a call").isLessThanOrEqualTo(512);
    }
  }

  @Test
  void classify_scoresNotFinite_saysSo() throws IOException {
    Map<String, String> tiny = Map.of("coracle.std", "1e-44"); // scaled pixels overflow
    try (Classifier digits = Classifier.open(write(TestModel.logits().withMetadata(tiny)))) {
      assertThatThrownBy(() -> digits.classify(images(1).get(0)))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("model.onnx: the score of class 0 is not a number");
    }
  }

  @Test
  void open_moreThreads_sameAnswers() throws IOException {
    Path file = write(TestModel.mnist());
    byte[] pixels = join(images(20));
    try (Classifier one = Classifier.open(file);
        Classifier two = Classifier.open(file, ModelOptions.builder().intraOpThreads(2).build())) {
      float[] expected = one.logProbabilities(pixels, 20);
      float[] actual = two.logProbabilities(pixels, 20);
      for (int i = 0; i < expected.length; i++) {
        assertThat((double) actual[i]).isCloseTo(expected[i], FLOAT32_SUM);
      }
    }
  }

  @Test
  void close_twice_thenUseFails() throws IOException {
    Classifier digits = Classifier.open(write(TestModel.mnist()));
    digits.close();
    digits.close();

    assertThatThrownBy(() -> digits.classify(new byte[784]))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
    assertThatThrownBy(() -> digits.classify(List.of())).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> digits.logProbabilities(new byte[0], 0))
        .isInstanceOf(IllegalStateException.class);
    assertThat(digits.classifyAsync(new byte[784]))
        .failsWithin(Duration.ofMinutes(1))
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(IllegalStateException.class);
    assertThat(digits.labels()).hasSize(10);
  }

  private void assertAgreesWithOracle(TestModel model, int count) throws IOException {
    byte[] pixels = new byte[count * model.rows() * model.columns()];
    new Random(7).nextBytes(pixels);
    int size = model.rows() * model.columns();
    try (Classifier classifier = Classifier.open(write(model))) {
      float[] actual = classifier.logProbabilities(pixels, count);

      assertThat(actual).hasSize(count * model.classes());
      for (int i = 0; i < count; i++) {
        double[] expected = model.expected(Arrays.copyOfRange(pixels, i * size, (i + 1) * size));
        for (int label = 0; label < model.classes(); label++) {
          assertThat((double) actual[i * model.classes() + label])
              .as("image %d, class %d of %s", i, label, model)
              .isCloseTo(expected[label], FLOAT32_SUM);
        }
      }
    }
  }

  private Path write(TestModel model) throws IOException {
    return model.write(folder.resolve("model.onnx"));
  }

  static List<byte[]> images(int count) {
    Random random = new Random(1);
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] image = new byte[28 * 28];
      random.nextBytes(image);
      images.add(image);
    }
    return images;
  }

  private static byte[] join(List<byte[]> images) {
    ByteBuffer joined = ByteBuffer.allocate(images.size() * 28 * 28);
    images.forEach(joined::put);
    return joined.array();
  }

  private static int argmax(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }
}
