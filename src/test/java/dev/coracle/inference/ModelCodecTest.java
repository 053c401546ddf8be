// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ModelCodecTest {

  private final Path folder;

  ModelCodecTest(@TempDir Path folder) {
    this.folder = folder;
  }

  static Stream<TestModel> models() {
    TestModel mnist = TestModel.mnist();
    return Stream.of(
        TestModel.logits(),
        mnist,
        mnist.withUint8Input(),
        mnist.withSoftmax().withMetadata(Map.of("coracle.output", "probabilities")),
        mnist.withBatch(4));
  }

  @ParameterizedTest
  @MethodSource("models")
  void encodeAndDecode_aroundAnyRuntime_areAsClassifier(TestModel model) throws IOException {
    Path file = model.write(folder.resolve("model.onnx"));
    byte[] page = ClassifierTest.images(1).get(0);
    List<Object> images = List.of(page, ByteBuffer.wrap(page), Pictures.page(page));
    ModelCodec codec = ModelCodec.read(file);
    try (Classifier classifier = Classifier.open(file);
        OnnxModel runtime = OnnxModel.open(file)) {
      FloatBuffer output = only(runtime.run(Map.of("input_0", codec.encode(images)))).floats();

      assertThat(codec.decode(output, 3)).isEqualTo(classifier.classify(images));
      assertThat(codec.decode(output.position(10), 2))
          .isEqualTo(classifier.classify(images).subList(1, 3));
      assertThat(codec.labels()).isEqualTo(classifier.labels());
    }
  }

  private static Tensor only(Map<String, Tensor> answer) {
    Collection<Tensor> values = answer.values();
    assertThat(values).hasSize(1);
    return values.iterator().next();
  }

  @Test
  void encode_fileFixesTheBatch_isPaddedOrRefused() throws IOException {
    Path file = TestModel.mnist().withBatch(2).write(folder.resolve("model.onnx"));
    ModelCodec codec = ModelCodec.read(file);
    byte[] image = new byte[784];
    assertThat(codec.encode(List.of(image)).shape()).containsExactly(2, 1, 28, 28);
    assertThatThrownBy(() -> codec.encode(List.of(image, image, image)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("expected 1 to 2 images (the file fixes the batch), got 3");
  }

  @Test
  void encode_wrongImage_saysWhich() throws IOException {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    ModelCodec codec = ModelCodec.read(file);
    assertThatThrownBy(() -> codec.encode(Arrays.asList(new byte[784], null)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("image 1: expected 784 pixels")
        .hasMessageEndingWith("got null");
    ModelCodec two = ModelCodec.read(file, ModelOptions.builder().maxBatch(2).build());
    assertThatThrownBy(() -> two.encode(ClassifierTest.images(3)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("expected 1 to 2 images (ModelOptions.maxBatch), got 3");
  }

  @Test
  void decode_wrongNumberOfScores_isRefused() throws IOException {
    ModelCodec codec = ModelCodec.read(TestModel.mnist().write(folder.resolve("model.onnx")));
    for (int floats : new int[] {0, 10, 19, 21}) {
      assertThatThrownBy(() -> codec.decode(FloatBuffer.allocate(floats), 2))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage("expected the scores of 2 images and 10 classes, got " + floats + " floats");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "Relu, 1, an image classifier has two classes or more",
    "Sigmoid, 3, 'one class has the highest, this model has a Sigmoid'"
  })
  void read_modelThatDoesNotChooseAClass_isRefused(String operator, int classes, String message)
      throws IOException {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("scores")
            .addInput(TestModel.tensor("x", TestModel.FLOAT, -1, 1, 1, classes))
            .addNode(TestModel.node("Flatten", "flat", "x"))
            .addNode(TestModel.node(operator, "y", "flat"))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, -1, classes));
    Path file = Files.write(folder.resolve("scores.onnx"), TestModel.model(graph, Map.of()));
    assertThatThrownBy(() -> ModelCodec.read(file))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("OnnxModel");
  }

  @Test
  void read_modelOfAnotherForm_isRefusedAsByClassifier() throws IOException {
    GraphProto.Builder relu =
        GraphProto.newBuilder()
            .setName("relu")
            .addInput(TestModel.tensor("x", TestModel.FLOAT, -1, 1, 2, 3))
            .addNode(TestModel.node("Relu", "y", "x"))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, -1, 1, 2, 3));
    Path file = Files.write(folder.resolve("relu.onnx"), TestModel.model(relu, Map.of()));
    assertThatThrownBy(() -> ModelCodec.read(file))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("an image classifier has an output (batch, classes)");
  }
}
