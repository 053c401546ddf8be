// SPDX-License-Identifier: Apache-2.0
package dev.coracle.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.modality.cv.ImageFactory;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.Pictures;
import dev.coracle.inference.Prediction;
import dev.coracle.inference.TestModel;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** In a JVM of its own, in which DJL's OnnxRuntime engine starts ONNX Runtime. */
class ClassifierTranslatorIT {

  private final Path folder;

  ClassifierTranslatorIT(@TempDir Path folder) {
    this.folder = folder;
  }

  /** DJL gets no help of a second engine, and its engine starts before a Classifier is opened. */
  @BeforeAll
  static void startEngine(@TempDir Path folder) throws Exception {
    System.setProperty("ai.djl.onnx.disable_alternative", "true");
    new ClassifierTranslator<>(TestModel.mnist().write(folder.resolve("first.onnx")));
  }

  static Stream<TestModel> models() {
    TestModel mnist = TestModel.mnist();
    return Stream.of(
        TestModel.logits(),
        mnist,
        mnist.withUint8Input(),
        mnist.withUint8Input().withBatch(5),
        mnist.withBatch(5),
        mnist.withSoftmax().withMetadata(Map.of("coracle.output", "probabilities")));
  }

  /**
   * One image, or four, which Classifier runs in one piece too: the same runtime on the same bits,
   * with as many threads, gives the same bits.
   */
  @ParameterizedTest
  @MethodSource("models")
  void predict_eachKindOfImage_isAsClassifierBitForBit(TestModel model) throws Exception {
    Path file = model.write(folder.resolve("model.onnx"));
    List<byte[]> bytes = images(4);
    List<Image> images = new ArrayList<>();
    for (byte[] image : bytes) {
      images.add(ImageFactory.getInstance().fromImage(Pictures.page(image)));
    }
    List<BufferedImage> pictures = bytes.stream().map(Pictures::page).toList();
    try (Classifier classifier = Classifier.open(file)) {
      try (ZooModel<byte[], Classifications> djl = load(file, byte[].class);
          Predictor<byte[], Classifications> predictor = djl.newPredictor()) {
        assertSame(predictor.predict(bytes.get(0)), classifier.classify(bytes.get(0)), classifier);
        assertSame(predictor.batchPredict(bytes), classifier.classify(bytes), classifier);
      }
      try (ZooModel<Image, Classifications> djl = load(file, Image.class);
          Predictor<Image, Classifications> predictor = djl.newPredictor()) {
        assertSame(
            predictor.predict(images.get(0)), classifier.classify(pictures.get(0)), classifier);
        assertSame(predictor.batchPredict(images), classifier.classify(pictures), classifier);
      }
    }
  }

  private static void assertSame(
      List<Classifications> actual, List<Prediction> expected, Classifier classifier) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.size(); i++) {
      assertSame(actual.get(i), expected.get(i), classifier);
    }
  }

  private static void assertSame(
      Classifications actual, Prediction expected, Classifier classifier) {
    assertThat(actual.getClassNames()).isEqualTo(classifier.labels());
    List<Double> probabilities = new ArrayList<>();
    double sum = 0;
    for (float probability : expected.probabilities()) {
      probabilities.add((double) probability);
      sum += probability;
    }
    assertThat(actual.getProbabilities()).isEqualTo(probabilities);
    assertThat(sum).isCloseTo(1, within(1e-5)); // ten roundings to float32, and the model's own
    Classifications.Classification best = actual.best();
    assertThat(best.getClassName()).isEqualTo(expected.label());
  }

  @Test
  void batchPredict_manyImages_isAsClassifier() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    List<byte[]> bytes = images(300);
    try (Classifier classifier = Classifier.open(file);
        ZooModel<byte[], Classifications> djl = load(file, byte[].class);
        Predictor<byte[], Classifications> predictor = djl.newPredictor()) {
      List<Classifications> actual = predictor.batchPredict(bytes);
      List<Prediction> expected = classifier.classify(bytes);
      for (int i = 0; i < 300; i++) {
        float[] probabilities = expected.get(i).probabilities();
        for (int label = 0; label < 10; label++) {
          // Classifier runs smaller parts, whose sums may be added up in another order.
          assertThat(actual.get(i).getProbabilities().get(label))
              .isCloseTo(probabilities[label], within(1e-5));
        }
      }
    }
  }

  @Test
  void predict_wrongImage_saysWhatWasExpected() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    try (ZooModel<byte[], Classifications> djl = load(file, byte[].class);
        Predictor<byte[], Classifications> predictor = djl.newPredictor()) {
      assertThatThrownBy(() -> predictor.batchPredict(List.of(new byte[784], new byte[783])))
          .isInstanceOf(TranslateException.class)
          .hasCauseInstanceOf(InvalidInputException.class)
          .hasMessageContaining("image 1: expected 784 pixels")
          .hasMessageContaining("got 783 bytes");
      assertThat(predictor.batchPredict(images(2))).hasSize(2);
    }
  }

  /** What DJL's own wrappers call: one image a time, then their own stacking. */
  @Test
  void processInput_oneImage_hasNoBatchAxis() throws Exception {
    for (TestModel model : List.of(TestModel.mnist(), TestModel.mnist().withBatch(3))) {
      Path file = model.write(folder.resolve("model.onnx"));
      byte[] image = images(1).get(0);
      ClassifierTranslator<byte[]> translator = new ClassifierTranslator<>(file);
      try (ZooModel<byte[], Classifications> djl = load(file, byte[].class);
          Predictor.PredictorContext context =
              new Predictor.PredictorContext(djl, djl.getNDManager(), null);
          Classifier classifier = Classifier.open(file)) {
        NDList input = translator.processInput(context, image);
        assertThat(input.singletonOrThrow().getShape().getShape()).containsExactly(1, 28, 28);
        byte[] first = new byte[784 * Float.BYTES];
        input.singletonOrThrow().toByteBuffer().get(first);
        byte[] batched = new byte[784 * Float.BYTES];
        translator
            .batchProcessInput(context, List.of(image))
            .singletonOrThrow()
            .toByteBuffer()
            .get(batched);
        assertThat(first).isEqualTo(batched);

        float[] logs = classifier.logProbabilities(image, 1);
        NDList output = new NDList(djl.getNDManager().create(logs));
        double[] expected = new double[10];
        Arrays.setAll(expected, i -> Math.exp(logs[i]));
        Classifications answer = translator.processOutput(context, output);
        for (int i = 0; i < 10; i++) {
          assertThat(answer.getProbabilities().get(i)).isCloseTo(expected[i], within(1e-6));
        }
      }
    }
  }

  /** As in the Javadoc, with the threads that Classifier has. */
  private static <I> ZooModel<I, Classifications> load(Path file, Class<I> type) throws Exception {
    return Criteria.builder()
        .setTypes(type, Classifications.class)
        .optEngine("OnnxRuntime")
        .optModelPath(file)
        .optTranslator(new ClassifierTranslator<>(file))
        .optOption("intraOpNumThreads", "1")
        .build()
        .loadModel();
  }

  private static List<byte[]> images(int count) {
    Random random = new Random(1);
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] image = new byte[28 * 28];
      random.nextBytes(image);
      images.add(image);
    }
    return images;
  }
}
