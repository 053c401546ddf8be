// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx.custom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.onnx.ExportException;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.onnx.OpTranslator;
import dev.coracle.onnx.OpTranslators;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Translators of a user's own, from outside the exporter's package. */
class CustomTranslatorTest {

  private static final OpTranslator FUSED_GEMM =
      (call, graph) ->
          graph
              .node("com.microsoft", "FusedGemm", call)
              .input(call.array(0))
              .input(call.array(1))
              .optionalInput(call.optionalArray(2))
              .attribute("activation", "Relu")
              .attribute("transB", 1L)
              .output(call.result());

  private final Path file;

  CustomTranslatorTest(@TempDir Path folder) {
    file = folder.resolve("model.onnx");
  }

  @Test
  void service_methodThatTheExporterHasNot_runsInOnnxRuntime() throws IOException, OrtException {
    Block block = lambda(x -> x.erfinv().mul(2));
    OnnxExporter.builder().block(block).input("x", new Shape(1, 5)).verify(false).export(file);

    float[] input = {-0.9f, -0.5f, 0, 0.1f, 0.8f, 0.3f, 0.7f, -0.2f, -0.6f, 0.4f};
    try (NDManager manager = NDManager.newBaseManager()) {
      float[] expected = forward(block, manager, input, new Shape(2, 5)).toFloatArray();
      assertClose(run(input, 2, 5), expected, 0.01); // the formula's error, on up to 2·1.2
    }
  }

  /** A service with a slip of the pen. */
  public static final class Misspelt implements OpTranslators {

    @Override
    public Map<String, OpTranslator> byMethod() {
      return Map.of("NDArray.erfInv", (call, graph) -> {});
    }
  }

  @Test
  void service_methodThatThereIsNot_isRefusedByItsName(@TempDir Path folder) throws IOException {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(OpTranslators.class.getName()), Misspelt.class.getName());
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      OnnxExporter exporter = OnnxExporter.builder().block(lambda(x -> x)).input("x", new Shape(1));
      assertThatThrownBy(() -> exporter.export(file))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll(Misspelt.class.getName(), "'NDArray.erfInv'", "NDArray.erfinv");
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void builder_overAnOwnTranslator_comesFirst() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block linear = Linear.builder().setUnits(4).build();
      Shape shape = new Shape(1, 3);
      linear.initialize(manager, DataType.FLOAT32, shape);
      OnnxExporter.builder()
          .verify(false) // what these translators make is another function, or less exact
          .block(linear)
          .input("x", shape)
          .translator("NDArrayEx.linear", FUSED_GEMM)
          .export(file);
      ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
      assertThat(model.getGraph().getNodeList())
          .extracting(node -> node.getDomain(), node -> node.getOpType())
          .containsExactly(tuple("com.microsoft", "FusedGemm"));
      assertThat(model.getOpsetImportList())
          .extracting(OperatorSetIdProto::getDomain, OperatorSetIdProto::getVersion)
          .containsExactly(tuple("", 17L), tuple("com.microsoft", 1L));
      float[] input = {1, -2, 3, -4, 5, -6};
      float[] expected = forward(linear, manager, input, new Shape(2, 3)).toFloatArray();
      for (int i = 0; i < expected.length; i++) {
        expected[i] = Math.max(0, expected[i]); // Relu shows which translator was taken
      }
      assertClose(run(input, 2, 3), expected, 1e-5); // sums of three terms
    }
  }

  @Test
  void builder_nodeOfAnotherShape_isRefusedByTheChecker() {
    refuses(
        "Flatten",
        "of a translator of your own",
        "Flatten",
        "output_0 has shape",
        "the block gave");
  }

  @Test
  void builder_operatorThatOnnxHasNot_isRefusedByTheChecker() {
    refuses("Rely", "Rely", "opset 17 has no such operator");
  }

  private void refuses(String operator, String... message) {
    OnnxExporter exporter =
        OnnxExporter.builder()
            .block(lambda(x -> x.getNDArrayInternal().relu()))
            .input("x", new Shape(1, 3, 3))
            .translator(
                "NDArrayEx.relu",
                (call, graph) ->
                    graph.node(operator, call).input(call.receiver()).output(call.result()));
    assertThatThrownBy(() -> exporter.export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
    assertThat(file).doesNotExist();
  }

  private static Block lambda(UnaryOperator<NDArray> function) {
    return new LambdaBlock(list -> new NDList(function.apply(list.singletonOrThrow())));
  }

  private static NDArray forward(Block block, NDManager manager, float[] input, Shape shape) {
    NDList arrays = new NDList(manager.create(input, shape));
    return block.forward(new ParameterStore(manager, false), arrays, false).singletonOrThrow();
  }

  private float[] run(float[] input, long... shape) throws OrtException {
    OrtEnvironment ort = OrtEnvironment.getEnvironment();
    try (OrtSession session = ort.createSession(file.toString());
        OnnxTensor tensor = OnnxTensor.createTensor(ort, FloatBuffer.wrap(input), shape);
        OrtSession.Result result = session.run(Map.of("x", tensor))) {
      FloatBuffer buffer = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] values = new float[buffer.remaining()];
      buffer.get(values);
      return values;
    }
  }

  private static void assertClose(float[] actual, float[] expected, double tolerance) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within((float) tolerance));
    }
  }
}
