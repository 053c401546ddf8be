// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OnnxModelTest {

  private final Path folder;

  OnnxModelTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void open_anyShape_tellsNamesTypesAndShapes() throws IOException {
    try (OnnxModel model = relu(3, 2)) {
      assertThat(model.inputs())
          .containsExactly(new TensorSpec("x", DType.FLOAT32, List.of(-1L, 3L, 2L)));
      assertThat(model.inputs().get(0)).hasToString("x: float32 (?, 3, 2)");
      assertThat(model.outputs().get(0)).hasToString("y: float32 (?, 3, 2)");
      assertThat(model.metadata()).isEmpty();
      assertThat(model.file()).hasFileName("relu.onnx");
    }
  }

  /** Numbers of ONNX's TensorProto.DataType; the operator hands every byte on as it is. */
  @ParameterizedTest
  @CsvSource({
    "FLOAT, FLOAT32",
    "DOUBLE, FLOAT64",
    "FLOAT16, FLOAT16",
    "BFLOAT16, BFLOAT16",
    "INT8, INT8",
    "UINT8, UINT8",
    "INT16, INT16",
    "INT32, INT32",
    "INT64, INT64",
    "BOOL, BOOL",
  })
  void run_eachType_handsTheBytesThrough(TensorProto.DataType onnx, DType dtype)
      throws IOException {
    int type = onnx.getNumber();
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("identity")
            .addInput(TestModel.tensor("x", type, -1, 3))
            .addNode(TestModel.node("Identity", "y", "x"))
            .addOutput(TestModel.tensor("y", type, -1, 3));
    ByteBuffer bytes = ByteBuffer.allocate(6 * dtype.bytes());
    for (int i = 0; i < bytes.capacity(); i++) {
      bytes.put(i, (byte) (dtype == DType.BOOL ? i % 2 : i + 1));
    }
    try (OnnxModel model = open(graph)) {
      Tensor x = Tensor.of(dtype, bytes, 2, 3);
      Tensor y = get(model.run(Map.of("x", x)), "y");

      assertThat(y.dtype()).isEqualTo(dtype);
      assertThat(y.shape()).containsExactly(2, 3);
      assertThat(y.bytes()).isEqualTo(bytes);

      Tensor bound = Tensor.allocate(dtype, 2, 3);
      try (Binding binding = model.bind(Map.of("x", x), Map.of("y", bound))) {
        binding.run();
      }
      assertThat(bound.bytes()).isEqualTo(bytes);
    }
  }

  @Test
  void run_severalInputsAndOutputs_byName() throws IOException {
    try (OnnxModel model = arithmetic()) {
      Tensor a = Tensor.of(new float[] {1, 2, 3}, 3);
      Tensor b = Tensor.of(new float[] {10, 20, 30}, 3);
      Map<String, Tensor> inputs = Map.of("a", a, "b", b);

      Map<String, Tensor> outputs = model.run(inputs);

      assertThat(model.inputs()).extracting(TensorSpec::name).containsExactly("a", "b");
      assertThat(outputs).containsOnlyKeys("sum", "difference");
      assertThat(get(outputs, "sum").floats()).isEqualTo(floats(11, 22, 33));
      assertThat(get(outputs, "difference").floats()).isEqualTo(floats(-9, -18, -27));
      assertThat(get(model.runAsync(inputs).join(), "sum").floats()).isEqualTo(floats(11, 22, 33));

      Tensor only = Tensor.allocate(DType.FLOAT32, 3);
      try (Binding binding = model.bind(inputs, Map.of("difference", only))) {
        binding.run();
        assertThat(only.floats()).isEqualTo(floats(-9, -18, -27));
        a.floats().put(0, 100);
        binding.run();
        assertThat(only.floats()).isEqualTo(floats(90, -18, -27));
      }
    }
  }

  @Test
  void run_scalarAndTextBesideIt_givesTheTensor() throws IOException {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("text")
            .addInput(TestModel.tensor("x", TestModel.FLOAT))
            .addNode(TestModel.node("Neg", "y", "x"))
            .addNode(
                TestModel.node("Cast", "text", "x")
                    .addAttribute(TestModel.integer("to", TensorProto.DataType.STRING.getNumber())))
            .addOutput(TestModel.tensor("text", TensorProto.DataType.STRING.getNumber()))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT));
    try (OnnxModel model = open(graph)) {
      assertThat(model.outputs()).extracting(TensorSpec::name).containsExactly("y");
      Tensor y = get(model.run(Map.of("x", Tensor.of(new float[] {2}))), "y");
      assertThat(y.shape()).isEmpty();
      assertThat(y.floats()).isEqualTo(floats(-2));
    }
  }

  /** The past of a decoder is empty at its first step. */
  @Test
  void run_emptyAxis_isATensorToo() throws IOException {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("decoder")
            .addInput(TestModel.tensor("past", TestModel.FLOAT, 1, -1, 2))
            .addInput(TestModel.tensor("now", TestModel.FLOAT, 1, 1, 2))
            .addNode(
                TestModel.node("Concat", "present", "past", "now")
                    .addAttribute(TestModel.integer("axis", 1)))
            .addNode(TestModel.node("Relu", "positive", "past"))
            .addOutput(TestModel.tensor("present", TestModel.FLOAT, 1, -1, 2))
            .addOutput(TestModel.tensor("positive", TestModel.FLOAT, 1, -1, 2));
    Tensor past = Tensor.allocate(DType.FLOAT32, 1, 0, 2);
    Map<String, Tensor> inputs =
        Map.of("past", past, "now", Tensor.of(new float[] {3, 4}, 1, 1, 2));
    try (OnnxModel model = open(graph)) {
      Map<String, Tensor> outputs = model.run(inputs);
      assertThat(get(outputs, "present").floats()).isEqualTo(floats(3, 4));
      assertThat(get(outputs, "positive").shape()).containsExactly(1, 0, 2);

      Tensor present = Tensor.allocate(DType.FLOAT32, 1, 1, 2);
      Tensor positive = Tensor.allocate(DType.FLOAT32, 1, 0, 2);
      try (Binding binding = model.bind(inputs, Map.of("present", present, "positive", positive))) {
        binding.run();
      }
      assertThat(present.floats()).isEqualTo(floats(3, 4));
    }
  }

  @Test
  void run_noInputs_gives() throws IOException {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("constant")
            .addInitializer(TestModel.floats("a", List.of(2), 1, 2))
            .addNode(TestModel.node("Neg", "y", "a"))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, 2));
    try (OnnxModel model = open(graph)) {
      assertThat(get(model.run(Map.of()), "y").floats()).isEqualTo(floats(-1, -2));
    }
  }

  /** ONNX Runtime answers with the input's own memory and leaves the bound tensor as it is. */
  @Test
  void bind_outputThatIsAnInput_isRefused() throws IOException {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("through")
            .addInput(TestModel.tensor("x", TestModel.FLOAT, 2))
            .addNode(TestModel.node("Neg", "y", "x"))
            .addOutput(TestModel.tensor("x", TestModel.FLOAT, 2))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, 2));
    Tensor x = Tensor.of(new float[] {1, 2}, 2);
    Tensor other = Tensor.allocate(DType.FLOAT32, 2);
    try (OnnxModel model = open(graph)) {
      assertThat(get(model.run(Map.of("x", x)), "x").floats()).isEqualTo(floats(1, 2));
      assertInvalid(
          () -> model.bind(Map.of("x", x), Map.of("x", other)),
          "output x is an input as well; read it there");
    }
  }

  @Test
  void open_textInput_isRefused() {
    int text = TensorProto.DataType.STRING.getNumber();
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("text")
            .addInput(TestModel.tensor("x", text, 1))
            .addNode(TestModel.node("Identity", "y", "x"))
            .addOutput(TestModel.tensor("y", text, 1));
    assertThatThrownBy(() -> open(graph).close())
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("input \"x\"")
        .hasMessageContaining("STRING");
  }

  @Test
  void run_wrongNames_namesTheRightOnes() throws IOException {
    Tensor x = Tensor.allocate(DType.FLOAT32, 3);
    try (OnnxModel model = arithmetic()) {
      assertInvalid(() -> model.run(Map.of("a", x)), "expected inputs [a, b], got [a]");
      assertInvalid(() -> model.run(Map.of()), "expected inputs [a, b], got []");
      assertInvalid(() -> model.run(Map.of("a", x, "input_0", x)), "expected inputs [a, b], got [");
      Map<String, Tensor> both = Map.of("a", x, "b", x);
      assertInvalid(
          () -> model.bind(both, Map.of()), "expected outputs [sum, difference] or some, got []");
      assertInvalid(() -> model.bind(both, Map.of("sums", x)), "got [sums]");
      assertInvalid(() -> model.bind(both, Map.of("sum", x)), "output sum is bound twice");
    }
  }

  @Test
  @SuppressWarnings("NullAway") // what an application without a checker can do
  void run_null_saysSo() throws IOException {
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put("x", null);
    try (OnnxModel model = relu(3)) {
      assertInvalid(() -> model.run(inputs), "expected x: float32 (?, 3), got null");
      assertInvalid(() -> model.run(null), "expected inputs [x], got null");
    }
  }

  @Test
  void run_wrongShapeOrType_saysWhatFits() throws IOException {
    try (OnnxModel model = relu(3)) {
      String expected = "expected x: float32 (?, 3), got ";
      assertInvalid(
          () -> model.run(Map.of("x", Tensor.allocate(DType.FLOAT32, 3, 2))),
          expected + "float32 (3, 2)");
      assertInvalid(
          () -> model.run(Map.of("x", Tensor.allocate(DType.FLOAT32, 6))),
          expected + "float32 (6)");
      assertInvalid(
          () -> model.run(Map.of("x", Tensor.allocate(DType.UINT8, 1, 3))),
          expected + "uint8 (1, 3)");
      assertInvalid(
          () ->
              model.bind(
                  Map.of("x", Tensor.allocate(DType.FLOAT32, 1, 3)),
                  Map.of("y", Tensor.allocate(DType.FLOAT64, 1, 3))),
          "expected y: float32 (?, 3), got float64 (1, 3)");
    }
  }

  /** The memory beyond the tensor must stay as it is: nothing is written past its end. */
  @Test
  void bind_outputOfAnotherBatch_failsAndWritesNothing() throws IOException {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor whole = Tensor.allocate(DType.FLOAT32, 2, 3);
    try (OnnxModel model = relu(3);
        Binding binding = model.bind(Map.of("x", x), Map.of("y", whole.firstRows(1)))) {
      assertThatThrownBy(binding::run)
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("relu.onnx: the model failed to run");
      assertThat(whole.floats()).isEqualTo(floats(0, 0, 0, 0, 0, 0));
    }
  }

  @Test
  void close_thenUse_fails() throws IOException {
    OnnxModel model = relu(3);
    Tensor x = Tensor.allocate(DType.FLOAT32, 1, 3);
    Tensor y = Tensor.allocate(DType.FLOAT32, 1, 3);
    Binding binding = model.bind(Map.of("x", x), Map.of("y", y));
    model.close();
    model.close();

    String said = "is closed; open it again to run it";
    assertClosed(() -> model.run(Map.of("x", x)), said);
    assertClosed(() -> model.bind(Map.of("x", x), Map.of("y", y)), said);
    assertClosed(binding::run, said);
    assertThat(model.runAsync(Map.of("x", x)))
        .failsWithin(Duration.ofMinutes(1))
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(IllegalStateException.class);
    binding.close();
    binding.close();
    assertClosed(binding::run, "this binding is closed; bind the model again");
  }

  @Test
  void close_bindingInUseByTwoThreads_endsCleanly() throws Exception {
    try (OnnxModel model = relu(1 << 12)) {
      for (int round = 0; round < 200; round++) {
        Binding binding =
            model.bind(
                Map.of("x", Tensor.allocate(DType.FLOAT32, 1, 1 << 12)),
                Map.of("y", Tensor.allocate(DType.FLOAT32, 1, 1 << 12)));
        Thread user =
            new Thread(
                () ->
                    assertThatThrownBy(
                            () -> {
                              while (true) {
                                binding.run();
                              }
                            })
                        .isInstanceOf(IllegalStateException.class));
        user.start();
        binding.run();
        binding.close();
        user.join();
      }
    }
  }

  /** A call's input and output take 512 KiB: kept, a thousand calls are half a gigabyte. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void run_manyTimes_residentMemoryStaysFlat() throws IOException {
    int size = 1 << 16;
    try (OnnxModel model = relu(size)) {
      Map<String, Tensor> inputs = Map.of("x", Tensor.allocate(DType.FLOAT32, 1, size));
      Memory.assertFlat(1_000, () -> model.run(inputs));
    }
  }

  /** A session holds 3 MiB of weights: kept, a hundred of them are 300 MiB. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void openAndClose_manyTimes_residentMemoryStaysFlat() throws IOException {
    Path file = TestModel.logits().withSize(28, 28, 1000).write(folder.resolve("wide.onnx"));
    byte[] image = new byte[784];
    Memory.assertFlat(
        100,
        () -> {
          try (Classifier classifier = Classifier.open(file)) {
            classifier.classify(image);
          }
        });
  }

  /** Opens a model that gives max(x, 0) for x of shape (batch, sizes…). */
  private OnnxModel relu(long... sizes) throws IOException {
    long[] shape = new long[sizes.length + 1];
    shape[0] = TensorSpec.DYNAMIC;
    System.arraycopy(sizes, 0, shape, 1, sizes.length);
    return open(
        GraphProto.newBuilder()
            .setName("relu")
            .addInput(TestModel.tensor("x", TestModel.FLOAT, shape))
            .addNode(TestModel.node("Relu", "y", "x"))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, shape)));
  }

  /** Opens a model of three numbers each: sum = a + b, difference = a - b. */
  private OnnxModel arithmetic() throws IOException {
    return open(
        GraphProto.newBuilder()
            .setName("arithmetic")
            .addInput(TestModel.tensor("a", TestModel.FLOAT, 3))
            .addInput(TestModel.tensor("b", TestModel.FLOAT, 3))
            .addNode(TestModel.node("Add", "sum", "a", "b"))
            .addNode(TestModel.node("Sub", "difference", "a", "b"))
            .addOutput(TestModel.tensor("sum", TestModel.FLOAT, 3))
            .addOutput(TestModel.tensor("difference", TestModel.FLOAT, 3)));
  }

  private OnnxModel open(GraphProto.Builder graph) throws IOException {
    byte[] bytes = TestModel.model(graph, Map.of());
    return OnnxModel.open(Files.write(folder.resolve(graph.getName() + ".onnx"), bytes));
  }

  private static Tensor get(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  private static FloatBuffer floats(float... values) {
    return FloatBuffer.wrap(values);
  }

  private static void assertInvalid(ThrowingCallable call, String said) {
    assertThatThrownBy(call).isInstanceOf(InvalidInputException.class).hasMessageContaining(said);
  }

  private static void assertClosed(ThrowingCallable call, String said) {
    assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageEndingWith(said);
  }
}
