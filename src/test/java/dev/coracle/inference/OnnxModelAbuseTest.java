// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a file or caller may give that a model is not made for, and ONNX Runtime takes. */
class OnnxModelAbuseTest {

  private final Path folder;

  OnnxModelAbuseTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** ONNX Runtime counts with the bytes, and would answer with memory of others. */
  @Test
  void run_booleansThatAreNone_areRefused() throws IOException {
    int bool = TensorProto.DataType.BOOL.getNumber();
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("chosen")
            .addInput(TestModel.tensor("d", TestModel.FLOAT, -1))
            .addInput(TestModel.tensor("x", bool, -1))
            .addNode(TestModel.node("Compress", "y", "d", "x"))
            .addOutput(TestModel.tensor("y", TestModel.FLOAT, -1));
    Tensor d = Tensor.of(new float[] {5}, 1);
    try (OnnxModel model = open(graph)) {
      Tensor wrong = Tensor.of(DType.BOOL, ByteBuffer.wrap(new byte[] {64}), 1);
      assertInvalid(
          () -> model.run(Map.of("d", d, "x", wrong)),
          "expected bytes of 0 or 1 in x: bool (?), got 64 at 0");
      Tensor x = Tensor.of(DType.BOOL, ByteBuffer.wrap(new byte[] {1}), 1);
      Tensor y = Tensor.allocate(DType.FLOAT32, 1);
      try (Binding binding = model.bind(Map.of("d", d, "x", x), Map.of("y", y))) {
        binding.run();
        assertThat(y.floats()).isEqualTo(floats(5));
        x.bytes().put(0, (byte) -1);
        assertInvalid(binding::run, "got -1 at 0");
      }
    }
  }

  @Test
  void bind_outputOfUnknownRank_takesWhatComes() throws IOException {
    ModelProto given =
        new ModelBuilder()
            .input("x", 4)
            .typedInput("s", ModelBuilder.INT64, -1)
            .output("y")
            .node("Reshape x s > y")
            .model();
    Path file = Files.write(folder.resolve("reshape.onnx"), given.toByteArray());
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 4);
    Tensor s = Tensor.allocate(DType.INT64, 2);
    s.bytes().order(ByteOrder.nativeOrder()).asLongBuffer().put(new long[] {2, 2});
    try (OnnxModel model = OnnxModel.open(file)) {
      Tensor y = Tensor.allocate(DType.FLOAT32, 2, 2);
      try (Binding binding = model.bind(Map.of("x", x, "s", s), Map.of("y", y))) {
        binding.run();
      }
      assertThat(y.floats()).isEqualTo(floats(1, 2, 3, 4));
      Tensor other = Tensor.allocate(DType.FLOAT32, 3);
      try (Binding binding = model.bind(Map.of("x", x, "s", s), Map.of("y", other))) {
        assertThatThrownBy(binding::run).isInstanceOf(CoracleException.class);
      }
    }
  }

  @Test
  void run_outputThatIsSparse_saysSo() throws IOException {
    ModelProto.Builder given =
        new ModelBuilder()
                .input("x", 4)
                .output("y")
                .output("z")
                .sparse("y", TestModel.floats("", List.of(1), 7), 10)
                .node("Neg x > z")
                .model()
                .toBuilder();
    given.getGraphBuilder().getSparseInitializerBuilder(0).addDims(10);
    Path file = Files.write(folder.resolve("sparse.onnx"), given.build().toByteArray());
    try (OnnxModel model = OnnxModel.open(file)) {
      assertThatThrownBy(() -> model.run(Map.of("x", Tensor.of(new float[4], 4))))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("expected a dense tensor in output y, got a sparse one");
    }
  }

  @Test
  void messages_namesOfTheFile_areHarmless() throws IOException {
    String name = "\n\u001b[31mx" + "z".repeat(1000);
    ModelProto given = new ModelBuilder().input(name, 4).output("y").model();
    ModelProto.Builder model = given.toBuilder();
    model.getGraphBuilder().addNode(TestModel.node("Neg", "y", name));
    Path file = Files.write(folder.resolve("names.onnx"), model.build().toByteArray());
    try (OnnxModel opened = OnnxModel.open(file)) {
      for (ThrowingCallable call :
          List.<ThrowingCallable>of(
              () -> opened.run(Map.of()),
              () -> opened.run(Map.of(name, Tensor.of(new float[3], 3))))) {
        assertThatThrownBy(call)
            .isInstanceOf(InvalidInputException.class)
            .message()
            .doesNotContain("\n", "\u001b")
            .hasSizeLessThan(500);
      }
    }
  }

  private OnnxModel open(GraphProto.Builder graph) throws IOException {
    byte[] bytes = TestModel.model(graph, Map.of());
    return OnnxModel.open(Files.write(folder.resolve(graph.getName() + ".onnx"), bytes));
  }

  private static FloatBuffer floats(float... values) {
    return FloatBuffer.wrap(values);
  }

  private static void assertInvalid(ThrowingCallable call, String said) {
    assertThatThrownBy(call).isInstanceOf(InvalidInputException.class).hasMessageContaining(said);
  }
}
