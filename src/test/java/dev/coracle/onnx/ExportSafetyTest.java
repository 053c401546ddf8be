// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An export leaves the block, the folder and native memory as they were, also when it fails. */
class ExportSafetyTest {

  private static final Shape SHAPE = new Shape(1, 3);

  private final Path folder;

  ExportSafetyTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void export_fails_oldFileStaysAndNothingElseIsWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("model.onnx"), "old");
    for (Block block : failing()) {
      assertThatThrownBy(() -> Exports.export(block, SHAPE, file))
          .isInstanceOf(ExportException.class);
      assertThatThrownBy(() -> Exports.export(block, SHAPE, folder.resolve("new/model.onnx")))
          .isInstanceOf(ExportException.class);
    }
    assertThat(file).hasContent("old");
    assertThat(files()).containsExactly(file);
  }

  @Test
  void export_callersCheckFails_oldFileStays() throws IOException {
    Path file = Files.writeString(folder.resolve("model.onnx"), "old");
    OnnxExporter exporter =
        OnnxExporter.builder().block(Exports.lambda(x -> x.add(1))).input("x", SHAPE);
    assertThatThrownBy(
            () ->
                exporter.export(
                    file,
                    temporary -> {
                      assertThat(Exports.parse(temporary).getGraph().getNodeCount()).isEqualTo(1);
                      throw new IOException("not good enough");
                    }))
        .hasMessage("not good enough");
    assertThat(file).hasContent("old");
    assertThat(files()).containsExactly(file);
  }

  @Test
  void export_targetIsAFolder_isReportedAndNothingIsLeft() throws IOException {
    Path target = Files.createDirectory(folder.resolve("model.onnx"));
    assertThatThrownBy(() -> Exports.export(Exports.lambda(x -> x.add(1)), SHAPE, target))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("model.onnx");
    assertThat(files()).containsExactly(target);
  }

  @Test
  void export_overAnOldFile_replacesItAndLeavesNoOther() throws IOException {
    Path file = Files.writeString(folder.resolve("model.onnx"), "old");
    Exports.export(Exports.lambda(x -> x.add(1)), SHAPE, file);
    assertThat(Exports.parse(file).getGraph().getNodeCount()).isEqualTo(1);
    assertThat(files()).containsExactly(file);
  }

  @Test
  void export_succeedsOrFails_leavesNoNativeArray() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block linear = linear(manager);
      Block constants = Exports.lambda(x -> x.add(manager.ones(SHAPE)).mul(x.getManager().eye(3)));
      Exports.model(linear, SHAPE); // first calls may cache
      long before = Exports.liveArrays();
      Exports.model(linear, SHAPE);
      assertThat(Exports.liveArrays()).isEqualTo(before);
      for (Block block : failing()) {
        assertThatThrownBy(() -> Exports.model(block, SHAPE)).isInstanceOf(ExportException.class);
        assertThat(Exports.liveArrays()).isEqualTo(before);
      }
      Block error =
          Exports.lambda(
              x -> {
                throw new AssertionError(x.add(1));
              });
      assertThatThrownBy(() -> Exports.model(error, SHAPE)).isInstanceOf(AssertionError.class);
      assertThat(Exports.liveArrays()).isEqualTo(before);
      assertThatThrownBy(() -> Exports.model(constants, new Shape(1, 4)))
          .isInstanceOf(ExportException.class);
      // The one array that the block itself makes with its own manager.
      assertThat(Exports.liveArrays()).isEqualTo(before + 1);
    }
  }

  /** Each step of an export in turn: translation, check of the graph, names, files, last word. */
  @Test
  void export_failsAtAnyStep_leavesNoNativeArrayAndNoFile() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      Exports.model(block, SHAPE); // first calls may cache
      long before = Exports.liveArrays();
      Path file = folder.resolve("model.onnx");
      List<OnnxExporter> exporters =
          List.of(
              exporter(block)
                  .translator(
                      "NDArrayEx.linear",
                      (call, graph) -> {
                        graph.initializer(
                            "w", Objects.requireNonNull(call.array(1).content()).transpose());
                        throw call.unsupported("anything");
                      }),
              exporter(block)
                  .translator(
                      "NDArrayEx.linear",
                      (call, graph) ->
                          graph.node("Relu", call).input(call.array(0)).output(call.result())),
              exporter(block).output("x"),
              exporter(block).output("weight"),
              exporter(block).output("a").output("b"),
              exporter(block).input("x", SHAPE),
              exporter(block).inlineLimit(10).externalData(false));
      for (OnnxExporter exporter : exporters) {
        assertThatThrownBy(() -> exporter.export(file)).isInstanceOf(ExportException.class);
        assertThat(Exports.liveArrays()).isEqualTo(before);
      }
      OnnxExporter sound = exporter(block);
      assertThatThrownBy(() -> sound.export(folder)).isInstanceOf(IOException.class);
      assertThatThrownBy(
              () ->
                  sound.export(
                      file,
                      temporary -> {
                        throw new IOException("no");
                      }))
          .hasMessage("no");
      assertThat(Exports.liveArrays()).isEqualTo(before);
      assertThat(files()).isEmpty();
    }
  }

  private static OnnxExporter exporter(Block block) {
    return OnnxExporter.builder().block(block).input("x", SHAPE);
  }

  @Test
  void export_shapeThatDoesNotFit_isRefusedWithTheReason() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      assertThatThrownBy(() -> Exports.model(block, new Shape(1, 4)))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("the block failed on [input input_0 (5, 4) float32]");
    }
  }

  @Test
  void export_block_trainsOnAsIfNothingHadHappened() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      float[] expected = gradients(manager, block);
      List<NDArray> arrays = arrays(block);
      List<float[]> contents = arrays.stream().map(NDArray::toFloatArray).toList();

      Exports.model(block, SHAPE);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        Exports.model(block, SHAPE);
        collector.zeroGradients();
      }

      assertThat(arrays(block)).usingElementComparator((a, b) -> a == b ? 0 : 1).isEqualTo(arrays);
      for (int i = 0; i < arrays.size(); i++) {
        assertThat(arrays.get(i).getManager()).isSameAs(manager);
        assertThat(arrays.get(i).hasGradient()).isTrue();
        assertThat(arrays.get(i).toFloatArray()).isEqualTo(contents.get(i));
      }
      assertThat(gradients(manager, block)).isEqualTo(expected);
    }
  }

  @Test
  void export_onAnotherThread_agrees()
      throws IOException, OrtException, InterruptedException, ExecutionException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try {
        byte[] model = thread.submit(() -> Exports.model(block, SHAPE).toByteArray()).get();
        assertThat(model).isEqualTo(Exports.model(block, SHAPE).toByteArray());
        Exports.assertAgrees(model, block, SHAPE, 1e-5, 2);
      } finally {
        thread.shutdown();
      }
    }
  }

  @Test
  void export_blockUninitializedOrClosed_isRefused() {
    Block block = new SequentialBlock().add(Linear.builder().setUnits(2).build());
    assertThatThrownBy(() -> Exports.model(block, SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("parameter 01Linear_weight of the block is not initialized");
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, SHAPE);
    }
    assertThatThrownBy(() -> Exports.model(block, SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("closed");
  }

  /** At these types the engine would end the process. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"BFLOAT16", "INT16", "UINT16", "UINT32", "UINT64", "STRING"})
  void export_arrayOfATypeThatTheEngineLacks_isRefused(DataType type) {
    List<UnaryOperator<NDArray>> blocks =
        List.of(
            x -> x.toType(type, false),
            x -> x.getManager().zeros(SHAPE, type).add(x),
            x -> x.getManager().create(SHAPE, type).add(x));
    for (UnaryOperator<NDArray> block : blocks) {
      OnnxExporter exporter = OnnxExporter.builder().block(Exports.lambda(block)).input("x", SHAPE);
      assertThatThrownBy(() -> exporter.export(folder.resolve("x.onnx")))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("DJL's PyTorch engine has no " + type + "; use another type")
          .hasMessageContaining("ExportSafetyTest");
    }
  }

  /** The engine would end the process at them, too. */
  @Test
  void export_text_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray text = manager.create("seven");
      List<UnaryOperator<NDArray>> blocks =
          List.of(
              x -> x.add(x.getManager().create("seven")),
              x -> x.add(x.getManager().create(new String[] {"six", "seven"})),
              x -> x.add(text));
      for (UnaryOperator<NDArray> block : blocks) {
        OnnxExporter exporter =
            OnnxExporter.builder().block(Exports.lambda(block)).input("x", SHAPE);
        assertThatThrownBy(() -> exporter.export(folder.resolve("x.onnx")))
            .isInstanceOf(ExportException.class)
            .hasMessageContaining("an array of type string (used at ")
            .hasMessageContaining("ExportSafetyTest");
      }
    }
  }

  @Test
  void export_blockOrInputMissing_isRefused() {
    Path file = folder.resolve("model.onnx");
    assertThatThrownBy(() -> OnnxExporter.builder().input("x", SHAPE).export(file))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> OnnxExporter.builder().block(Exports.lambda(x -> x)).export(file))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> OnnxExporter.builder().input("x", new Shape()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rank 0");
    assertThatThrownBy(() -> OnnxExporter.builder().input("", SHAPE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs a name");
    assertThatThrownBy(() -> OnnxExporter.builder().input("x", SHAPE, DataType.BFLOAT16))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("element type bfloat16");
    assertThatThrownBy(() -> OnnxExporter.builder().input("x", SHAPE, DataType.INT16))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("of type int16");
    assertThatThrownBy(
            () ->
                OnnxExporter.builder()
                    .block(Exports.lambda(x -> x.add(1)))
                    .input("x", SHAPE)
                    .output("a")
                    .output("b")
                    .export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("1 outputs, but 2 names were given: [a, b]");
  }

  @Test
  void export_parameterUsedTwiceOrNever_appearsOnceOrNot() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block shared = Linear.builder().setUnits(3).build();
      Block twice = new SequentialBlock().add(shared).add(shared);
      twice.initialize(manager, DataType.FLOAT32, SHAPE);
      Exports.assertAgrees(twice, SHAPE, 1e-5);
      assertThat(Exports.model(twice, SHAPE).getGraph().getInitializerList())
          .extracting(tensor -> tensor.getName())
          .containsExactly("01Linear_weight", "01Linear_bias");

      Block unused = Linear.builder().setUnits(3).build();
      Block never = new ParallelBlock(lists -> lists.get(0)).add(shared).add(unused);
      never.initialize(manager, DataType.FLOAT32, SHAPE);
      Exports.assertAgrees(never, SHAPE, 1e-5);
      assertThat(Exports.model(never, SHAPE).getGraph().getInitializerList()).hasSize(2);
    }
  }

  private static List<Block> failing() {
    List<UnaryOperator<NDArray>> functions =
        List.of(
            x -> x.add(1).gammaln(),
            x -> x.add(x.getManager().create(1f / x.getShape().get(0))),
            x -> x.getShape().get(0) == 17 ? x : x.add(1),
            x -> x.add(1).reshape(-1).addi(1).add(x.reshape(-1)).gammaln(),
            x -> x.reshape(7, -1),
            x -> x.getManager().ones(SHAPE),
            x -> {
              throw new IllegalStateException(x.add(1).toString());
            });
    return functions.stream().map(Exports::lambda).toList();
  }

  private static Block linear(NDManager manager) {
    Block block = Linear.builder().setUnits(2).build();
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    return block;
  }

  private static List<NDArray> arrays(Block block) {
    return block.getParameters().values().stream().map(Parameter::getArray).toList();
  }

  private static float[] gradients(NDManager manager, Block block) {
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray x = manager.create(new float[][] {{1, 2, 3}, {4, 5, 6}});
      NDArray y =
          block.forward(new ParameterStore(manager, false), new NDList(x), true).singletonOrThrow();
      collector.backward(y.mul(y).sum());
    }
    NDArray gradient = arrays(block).get(0).getGradient();
    float[] values = gradient.toFloatArray();
    gradient.muli(0);
    return values;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(files.toList());
    }
  }
}
