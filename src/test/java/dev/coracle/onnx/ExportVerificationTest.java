// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.coracle.onnx.VerificationReport.Skipped;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An export stops where the file differs from the block. */
class ExportVerificationTest {

  private static final Shape SHAPE = new Shape(1, 6);

  private final Path folder;
  private final Path file;

  ExportVerificationTest(@TempDir Path folder) {
    this.folder = folder;
    this.file = folder.resolve("model.onnx");
  }

  @Test
  void export_default_isComparedAtUntracedSizes() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = linear(manager);
      long before = Exports.liveArrays();
      VerificationReport report = exporter(block).export(file).verification().orElseThrow();
      assertThat(report.compared())
          .extracting(sizes -> sizes.get("batch_size"))
          .containsExactly(1L, 2L, 4L, 7L, 9L, 16L, 18L, 64L);
      assertThat(report.outputs()).hasSize(1);
      assertThat(report.outputs().get(0).name()).isEqualTo("output_0");
      assertThat(report.largest()).isLessThan(1e-5);
      assertThat(report.skipped()).isEmpty();
      assertThat(report)
          .asString()
          .startsWith("agrees with the block at batch_size 1, 2, 4, 7, 9, 16, 18, 64 within ");
      assertThat(Exports.liveArrays()).isEqualTo(before);
    }
  }

  @Test
  void export_verifyOff_reportSaysSo() throws IOException {
    ExportReport report = exporter(Exports.lambda(x -> x.add(1))).verify(false).export(file);
    assertThat(report.verification()).isEmpty();
  }

  @Test
  void export_withoutOnnxRuntime_isWrittenAndReportSaysSo()
      throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    ProcessBuilder child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dai.djl.offline=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                WithoutOnnxRuntime.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("onnxruntime-"))
            .collect(Collectors.joining(File.pathSeparator));
    child.environment().put("CLASSPATH", classPath);
    int status = child.start().waitFor();
    assertThat(Files.readString(log)).contains("verification: Optional.empty");
    assertThat(status).isZero();
    assertThat(Exports.parse(file).getGraph().getNodeCount()).isEqualTo(1);
  }

  /** Exports where the class path has no ONNX Runtime. */
  static final class WithoutOnnxRuntime {
    private WithoutOnnxRuntime() {}

    public static void main(String[] args) throws IOException {
      Block block = new LambdaBlock(list -> new NDList(list.singletonOrThrow().add(1)));
      ExportReport report = exporter(block).export(Path.of(args[0]));
      System.out.println("verification: " + report.verification());
    }
  }

  @Test
  void export_translatorIsWrong_isRefusedAndNothingIsWritten() throws IOException {
    Path old = Files.writeString(file, "old");
    OnnxExporter exporter =
        exporter(Exports.lambda(x -> x.add(1)))
            .translator(
                "NDArray.add",
                (call, graph) ->
                    graph.node("Identity", call).input(call.receiver()).output(call.result()));
    assertThatThrownBy(() -> exporter.export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("the file does not agree with the block: output output_0 has ")
        .hasMessageContaining("at position 0 of 6, at batch_size 1");
    assertThat(old).hasContent("old");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void export_controlFlowAtUntracedSize_isFound() {
    Block block = Exports.lambda(x -> x.getShape().get(0) == 64 ? x.add(1) : x.mul(2));
    assertThatThrownBy(() -> exporter(block).export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("at batch_size 64");
  }

  @Test
  void export_operatorThatOnnxRuntimeLacks_isRefusedWithAWayOut() throws IOException {
    OnnxExporter exporter =
        exporter(Exports.lambda(x -> x.add(1)))
            .translator(
                "NDArray.add",
                (call, graph) ->
                    graph
                        .node("com.example", "Softmux", call)
                        .input(call.receiver())
                        .output(call.result()));
    assertThatThrownBy(() -> exporter.export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("the file cannot be verified: ")
        .hasMessageContaining("verify(false) exports without");
    assertThat(file).doesNotExist();
  }

  @Test
  void export_blockFailsAtSomeSizes_theyAreSkippedAndNamed() throws IOException {
    Block block =
        Exports.lambda(
            x -> {
              if (x.getShape().get(0) < 3) {
                throw new IllegalArgumentException("three rows at least");
              }
              return x.mul(2);
            });
    VerificationReport report = exporter(block).export(file).verification().orElseThrow();
    assertThat(report.skipped())
        .containsExactly(
            new Skipped(Map.of("batch_size", 1L), "the block fails: three rows at least"),
            new Skipped(Map.of("batch_size", 2L), "the block fails: three rows at least"));
    assertThat(report.compared()).hasSize(6);
    assertThat(report).asString().contains("not compared at batch_size 1, 2: the block fails:");
  }

  @Test
  void export_blockRunsAtTracedSizesAlone_isComparedThere() throws IOException {
    Block block =
        Exports.lambda(
            x -> {
              long rows = x.getShape().get(0);
              if (rows != 4 && rows != 6 && rows != 10) {
                throw new IllegalArgumentException("rows: " + rows);
              }
              return x.mul(2);
            });
    VerificationReport report =
        exporter(block)
            .dynamicAxis("input_0", 0, "rows", 4, 6, 10)
            .export(file)
            .verification()
            .orElseThrow();
    assertThat(report.compared()).containsExactly(Map.of("rows", 6L));
  }

  @Test
  void export_twoAxes_eachGoesThroughItsSizes() throws IOException {
    Block block = Exports.lambda(x -> x.reshape(x.getShape().get(0) * x.getShape().get(1), 2));
    VerificationReport report =
        OnnxExporter.builder()
            .block(block)
            .input("x", new Shape(1, 1, 2))
            .dynamicAxis("x", 1, "length")
            .export(file)
            .verification()
            .orElseThrow();
    assertThat(report.compared())
        .contains(
            Map.of("batch_size", 1L, "length", 12L),
            Map.of("batch_size", 8L, "length", 64L),
            Map.of("batch_size", 1L, "length", 1L),
            Map.of("batch_size", 64L, "length", 64L));
  }

  @Test
  void export_indicesIntoATable_goThroughAllOfIt() throws IOException {
    // Row 5 alone differs, so 0 and 1, which are drawn where nothing is known, would not show it.
    try (NDManager manager = NDManager.newBaseManager()) {
      OnnxExporter exporter =
          OnnxExporter.builder()
              .block(new LambdaBlock(list -> new NDList(list.get(0).toType(DataType.INT64, false))))
              .input("ids", new Shape(1, 4), DataType.INT32)
              .translator(
                  "NDArray.toType",
                  (call, graph) ->
                      graph
                          .node("Gather", call)
                          .input(
                              graph.initializer(
                                  "table", manager.create(new long[] {0, 1, 2, 3, 4, 50})))
                          .input(call.receiver())
                          .output(call.result()));
      assertThatThrownBy(() -> exporter.export(file))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("has 50.0 instead of 5.0");
    }
  }

  @Test
  void export_indicesThatOnlyExamplesFit_areDrawnFromThem() throws IOException {
    Block block =
        new LambdaBlock(
            list -> {
              NDArray x = list.get(0);
              return new NDList(x.toType(DataType.FLOAT32, false));
            });
    try (NDManager manager = NDManager.newBaseManager()) {
      OnnxExporter exporter =
          OnnxExporter.builder()
              .block(block)
              .input("ids", new Shape(1, 2), DataType.INT64)
              .translator(
                  "NDArray.toType",
                  (call, graph) ->
                      graph
                          .node(
                              "Cast",
                              call) // float16 in between: 40000 and 40001 are one number there
                          .input(
                              graph
                                  .node("Cast", call)
                                  .attribute("to", TensorProto.DataType.FLOAT16_VALUE)
                                  .input(call.receiver())
                                  .output())
                          .attribute("to", TensorProto.DataType.FLOAT_VALUE)
                          .output(call.result()));
      assertThat(exporter.export(file).verification()).isPresent(); // 0 and 1 do not tell
      exporter.exampleInputs(new NDList(manager.create(new long[] {2049, 4099}, new Shape(1, 2))));
      assertThatThrownBy(() -> exporter.export(file))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("instead of 2049.0");
      assertThatThrownBy(() -> exporter.exampleInputs(new NDList()).export(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("0 example arrays were given for 1 inputs");
    }
  }

  private static OnnxExporter exporter(Block block) {
    return OnnxExporter.builder().block(block).input("input_0", SHAPE);
  }

  private static Block linear(NDManager manager) {
    Block block = new SequentialBlock().add(Linear.builder().setUnits(2).build());
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    return block;
  }
}
