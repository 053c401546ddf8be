// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.AtomicFile;
import dev.coracle.inference.ModelOptions;
import dev.coracle.inference.OnnxModel;
import dev.coracle.inference.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Models whose weights lie in a second file: a pair that is never mixed with another. */
class ExternalDataExportTest {

  private static final Shape SHAPE = new Shape(1, 60);

  private final NDManager manager = NDManager.newBaseManager();
  private final Block block = block(manager, 1);
  private final Path folder;
  private final Path file;

  ExternalDataExportTest(@TempDir Path folder) {
    this.folder = folder;
    this.file = folder.resolve("model.onnx");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** Weights of 72 kB and 3.6 kB, biases of 1.2 kB and 12 bytes. */
  private static Block block(NDManager manager, float scale) {
    Block block =
        new SequentialBlock()
            .add(Linear.builder().setUnits(300).build())
            .add(Linear.builder().setUnits(3).build());
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    block
        .getParameters()
        .values()
        .forEach(
            parameter -> {
              float[] values = new float[(int) parameter.getArray().size()];
              for (int i = 0; i < values.length; i++) {
                values[i] = (i % 13 - 6) * scale / 128;
              }
              parameter.getArray().set(values);
            });
    return block;
  }

  private static OnnxExporter exporter(Block block) {
    return OnnxExporter.builder().block(block).input("input_0", SHAPE);
  }

  @Test
  void export_external_holdsTheSameArraysAlignedInASecondFile() throws IOException {
    ExportReport report = exporter(block).externalData(true).export(file);

    Path data = dataFile();
    ModelProto model = Exports.parse(file);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(data));
    Map<String, TensorProto> inside =
        Exports.model(block, SHAPE).getGraph().getInitializerList().stream()
            .collect(Collectors.toMap(TensorProto::getName, tensor -> tensor));
    int outside = 0;
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      TensorProto expected = Objects.requireNonNull(inside.get(tensor.getName()));
      assertThat(tensor.getDimsList()).isEqualTo(expected.getDimsList());
      if (expected.getRawData().size() < 1024) {
        assertThat(tensor).isEqualTo(expected);
        continue;
      }
      outside++;
      Map<String, String> place =
          tensor.getExternalDataList().stream()
              .collect(
                  Collectors.toMap(
                      StringStringEntryProto::getKey, StringStringEntryProto::getValue));
      assertThat(tensor.getDataLocation()).isEqualTo(TensorProto.DataLocation.EXTERNAL);
      assertThat(tensor.hasRawData()).isFalse();
      assertThat(place).containsOnlyKeys("location", "offset", "length");
      assertThat(place.get("location")).isEqualTo(data.getFileName().toString());
      int offset = Integer.parseInt(place.get("offset"));
      assertThat(offset % 4096).isZero();
      assertThat(bytes.slice(offset, Integer.parseInt(place.get("length"))))
          .isEqualTo(expected.getRawData().asReadOnlyByteBuffer());
    }
    assertThat(outside).isEqualTo(3);
    assertThat(report.bytes()).isEqualTo(Files.size(file) + Files.size(data));
  }

  @Test
  void export_external_runsInOnnxRuntimeAndOnnxModel() throws IOException, OrtException {
    exporter(block).externalData(true).export(file);
    float[] input = Exports.ramp(2 * 60);
    float[] expected = Exports.run(Exports.model(block, SHAPE).toByteArray(), input, 2, 60);
    OrtEnvironment ort = OrtEnvironment.getEnvironment();
    try (OrtSession session = ort.createSession(file.toString());
        OnnxTensor tensor =
            OnnxTensor.createTensor(ort, FloatBuffer.wrap(input), new long[] {2, 60});
        OrtSession.Result result = session.run(Map.of("input_0", tensor))) {
      assertThat(((OnnxTensor) result.get(0)).getFloatBuffer())
          .isEqualTo(FloatBuffer.wrap(expected));
    }
    ModelOptions options = ModelOptions.builder().externalDataFolder(folder).build();
    try (OnnxModel model = OnnxModel.open(file, options)) {
      assertThat(model.run(Map.of("input_0", Tensor.of(input, 2, 60))).values())
          .extracting(Tensor::floats)
          .containsExactly(FloatBuffer.wrap(expected));
    }
  }

  @Test
  void export_aboveTheLimit_goesOutsideByItselfOrIsRefused() throws IOException {
    long size = exporter(block).export(file).bytes();
    exporter(block).inlineLimit(size).export(file);
    assertThat(files()).containsExactly(file);
    assertThatThrownBy(() -> exporter(block).inlineLimit(size - 1).externalData(false).export(file))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("larger than 2 GiB");
    assertThat(files()).containsExactly(file);
    assertThat(Files.size(file)).isEqualTo(size);
    exporter(block).inlineLimit(size - 1).export(file);
    assertThat(files()).containsExactly(file, dataFile());
  }

  @Test
  void export_nothingLarge_writesNoSecondFile() throws IOException {
    OnnxExporter.builder()
        .block(Exports.lambda(x -> x.add(1)))
        .input("x", SHAPE)
        .externalData(true)
        .export(file);
    assertThat(files()).containsExactly(file);
  }

  @Test
  void export_again_isTheSameBytesUnderTheSameNames() throws IOException {
    exporter(block).externalData(true).export(file);
    Map<Path, ByteBuffer> first = contents();
    exporter(block).externalData(true).export(file);
    assertThat(contents()).isEqualTo(first);
  }

  @Test
  void export_overAnEarlierPair_takesItsPlaceAndItsDataGo() throws IOException {
    Path foreign = Files.writeString(folder.resolve("model.onnx.data"), "of another tool");
    exporter(block).externalData(true).export(file);
    Path earlier = dataFile();
    exporter(block(manager, 2)).externalData(true).export(file);
    assertThat(dataFile()).isNotEqualTo(earlier);
    assertThat(files()).containsExactly(file, dataFile(), foreign);
    exporter(block).export(file);
    assertThat(files()).containsExactly(file, foreign);
  }

  /** Each would delete the other's data as those of the model before. */
  @Test
  void export_twoAtATimeToOnePath_modelInPlaceHasItsData() throws Exception {
    Block other = block(manager, 2);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      for (int round = 0; round < 30; round++) {
        List<Future<ExportReport>> exports = new ArrayList<>();
        for (Block each : List.of(block, other)) {
          exports.add(
              threads.submit(() -> exporter(each).externalData(true).verify(false).export(file)));
        }
        for (Future<ExportReport> export : exports) {
          export.get();
        }
        assertThat(files()).as("round %d", round).containsExactlyInAnyOrder(file, dataFile());
        OnnxModel.open(file, ModelOptions.builder().externalDataFolder(folder).build()).close();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void export_failsAtItsEnd_earlierPairStaysAndNothingElse() throws IOException {
    AtomicFile.Check failing =
        temporary -> {
          assertThat(Exports.parse(temporary).getGraph().getNodeCount()).isEqualTo(2);
          throw new IOException("not good enough");
        };
    Block other = block(manager, 2);
    assertThatThrownBy(() -> exporter(other).externalData(true).export(file, failing))
        .hasMessage("not good enough");
    assertThat(files()).isEmpty();

    exporter(block).externalData(true).export(file);
    Map<Path, ByteBuffer> before = contents();
    for (Block again : List.of(other, block)) { // the same block: the same name of the data
      assertThatThrownBy(() -> exporter(again).externalData(true).export(file, failing))
          .hasMessage("not good enough");
      assertThat(contents()).isEqualTo(before);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // symbolic links
  void export_externalToASymbolicLink_isRefused() throws IOException {
    Path target = Files.createDirectory(folder.resolve("elsewhere")).resolve("real.onnx");
    Files.createSymbolicLink(file, target);
    assertThatThrownBy(() -> exporter(block).externalData(true).export(file))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("is a symbolic link");
    assertThat(files()).containsExactly(folder.resolve("elsewhere"), file);
    assertThat(target).doesNotExist();
  }

  @Test
  @EnabledOnOs(OS.LINUX) // a folder where not even root may make a file
  void export_folderThatTakesNoFiles_isReportedAndLeavesNoArray() throws IOException {
    exporter(block).export(file); // first calls may cache
    long before = Exports.liveArrays();
    for (boolean external : new boolean[] {false, true}) {
      assertThatThrownBy(
              () -> exporter(block).externalData(external).export(Path.of("/proc/self/model.onnx")))
          .isInstanceOf(IOException.class);
      assertThat(Exports.liveArrays()).isEqualTo(before);
    }
  }

  /** A limit on the size of files fails a write half-way, as a full disk does. */
  @Test
  @EnabledOnOs(OS.LINUX) // ulimit
  void export_diskFull_earlierPairStaysAndNothingElse() throws IOException, InterruptedException {
    exporter(block).externalData(true).export(file);
    Map<Path, ByteBuffer> before = contents();
    Path log = Files.createTempFile("log", ".txt");
    try {
      ProcessBuilder child =
          new ProcessBuilder(
                  "/bin/bash",
                  "-c",
                  "ulimit -f 40 && exec \"$@\"",
                  "bash",
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:-UsePerfData",
                  "-Dai.djl.offline=true",
                  "-Dai.djl.pytorch.num_threads=1",
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                  FullDisk.class.getName(),
                  file.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile());
      child.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      int status = child.start().waitFor();
      assertThat(status).as(Files.readString(log)).isZero();
      assertThat(contents()).isEqualTo(before);
    } finally {
      Files.delete(log);
    }
  }

  /** Exports where no file may be larger than 40 kB; without ONNX Runtime, which unpacks files. */
  static final class FullDisk {
    private FullDisk() {}

    public static void main(String[] args) {
      try (NDManager manager = NDManager.newBaseManager()) {
        Block other = block(manager, 2);
        for (boolean external : new boolean[] {false, true}) {
          int before = manager.getParentManager().getManagedArrays().size();
          assertThatThrownBy(() -> exporter(other).externalData(external).export(Path.of(args[0])))
              .isInstanceOf(IOException.class);
          assertThat(manager.getParentManager().getManagedArrays()).hasSize(before);
        }
      }
    }
  }

  private Path dataFile() throws IOException {
    List<Path> data =
        files().stream().filter(f -> f.toString().matches(".*\\.[0-9a-f]{32}\\.data")).toList();
    assertThat(data).hasSize(1);
    return data.get(0);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private Map<Path, ByteBuffer> contents() throws IOException {
    Map<Path, ByteBuffer> contents = new TreeMap<>();
    for (Path path : files()) {
      contents.put(path, ByteBuffer.wrap(Files.readAllBytes(path)));
    }
    return contents;
  }
}
