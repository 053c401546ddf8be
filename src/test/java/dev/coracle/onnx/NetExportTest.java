// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.gson.JsonArray;
import dev.coracle.dataset.IdxReader;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Golden;
import dev.coracle.net.Net;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exports Net with PyTorch's golden weights and holds the file against DJL and PyTorch. */
class NetExportTest {

  private static final Path MNIST = Path.of("datasets/mnist");
  private static final Shape SHAPE = new Shape(1, 1, Net.SIZE, Net.SIZE);

  private final Path folder;

  NetExportTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void export_batches1To64_agreesWithDjl() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);
      Path file = exportNet(net, "model.onnx");
      // float32 sums of at most 9216 terms, in another order: log-probabilities to 1e-5.
      for (long batch : new long[] {1, 2, 7, 64}) {
        Exports.assertAgrees(Files.readAllBytes(file), net, SHAPE, 1e-5, batch);
      }
    }
  }

  @Test
  void export_goldenImages_logProbabilitiesOfPyTorch() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      byte[] model = Files.readAllBytes(exportNet(Golden.net(manager), "model.onnx"));
      float[] images = Golden.images(manager, testImages(), 0, 32).toFloatArray();
      float[] actual = Exports.run(model, images, 32, 1, 28, 28);
      JsonArray expected = Golden.NUMBERS.getAsJsonArray("log_probabilities");
      for (int i = 0; i < 32; i++) {
        float[] row = Golden.floats(expected.get(i).getAsJsonArray());
        for (int c = 0; c < 10; c++) {
          assertThat(actual[i * 10 + c])
              .as("image %d class %d", i, c)
              .isCloseTo(row[c], within(1e-5f));
        }
      }
    }
  }

  @Test
  void export_uint8WithNormalisation_equalsFloat32File() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);
      ImageSet set = testImages();
      float[] expected =
          Exports.run(
              Files.readAllBytes(exportNet(net, "model.onnx")),
              Golden.images(manager, set, 0, 32).toFloatArray(),
              32,
              1,
              28,
              28);
      Path file = folder.resolve("uint8.onnx");
      OnnxExporter.builder()
          .block(net)
          .input("input_0", SHAPE, DataType.UINT8)
          .prepend(
              list ->
                  new NDList(
                      list.singletonOrThrow()
                          .toType(DataType.FLOAT32, false)
                          .div(255f)
                          .sub(Net.MEAN)
                          .div(Net.STD)))
          .export(file);
      ByteBuffer pixels = ByteBuffer.allocateDirect(32 * 784);
      for (int i = 0; i < 32; i++) {
        pixels.put(set.image(i));
      }
      OrtEnvironment ort = OrtEnvironment.getEnvironment();
      try (OrtSession session = ort.createSession(file.toString());
          OnnxTensor input =
              OnnxTensor.createTensor(
                  ort, pixels.flip(), new long[] {32, 1, 28, 28}, OnnxJavaType.UINT8);
          OrtSession.Result result = session.run(Map.of("input_0", input))) {
        float[][] actual = (float[][]) result.get("output_0").orElseThrow().getValue();
        for (int i = 0; i < expected.length; i++) {
          // The same float32 operations in the same order; the rest is the convolution's sums.
          assertThat(actual[i / 10][i % 10]).isCloseTo(expected[i], within(1e-6f));
        }
      }
    }
  }

  @Test
  void export_file_hasPublicNamesVersionsAndMetadata() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Path file = folder.resolve("model.onnx");
      ExportReport report =
          OnnxExporter.builder()
              .block(Golden.net(manager))
              .input("input_0", SHAPE)
              .metadata(Map.of("b", "2", "a", "grüße"))
              .export(file);
      ModelProto model = Exports.parse(file);
      GraphProto graph = model.getGraph();

      assertThat(model.getIrVersion()).isEqualTo(8);
      assertThat(model.getOpsetImportList()).hasSize(1);
      assertThat(model.getOpsetImport(0).getDomain()).isEmpty();
      assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(17);
      assertThat(model.getProducerName()).isEqualTo("coracle");
      assertThat(model.getMetadataPropsList())
          .extracting(StringStringEntryProto::getKey, StringStringEntryProto::getValue)
          .containsExactly(tuple("a", "grüße"), tuple("b", "2"));
      assertThat(graph.getName()).isEqualTo("Net");
      assertThat(graph.getInputList()).hasSize(1);
      assertThat(graph.getInput(0).getName()).isEqualTo("input_0");
      assertThat(dims(graph.getInput(0))).containsExactly("batch_size", "1", "28", "28");
      assertThat(graph.getOutputList()).hasSize(1);
      assertThat(graph.getOutput(0).getName()).isEqualTo("output_0");
      assertThat(dims(graph.getOutput(0))).containsExactly("batch_size", "10");
      assertThat(report)
          .isEqualTo(
              new ExportReport(
                  file,
                  Files.size(file),
                  17,
                  10,
                  9,
                  Set.of("Conv", "Relu", "MaxPool", "Reshape", "Gemm", "LogSoftmax"),
                  Set.of("batch_size"),
                  report.verification()));
      assertThat(model.getUnknownFields().asMap()).isEmpty();
      assertThat(model.toByteArray()).isEqualTo(Files.readAllBytes(file));
    }
  }

  @Test
  void export_initializers_areTheParametersBitForBit() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);
      GraphProto graph = Exports.parse(exportNet(net, "model.onnx")).getGraph();
      List<String> names = new ArrayList<>();
      for (Pair<String, Parameter> parameter : net.getParameters()) {
        NDArray array = parameter.getValue().getArray();
        TensorProto tensor =
            graph.getInitializerList().stream()
                .filter(t -> t.getName().equals(parameter.getKey()))
                .findFirst()
                .orElseThrow();
        names.add(tensor.getName());
        assertThat(tensor.getDataType()).isEqualTo(TensorProto.DataType.FLOAT_VALUE);
        assertThat(tensor.getDimsList().stream().mapToLong(d -> d).toArray())
            .isEqualTo(array.getShape().getShape());
        assertThat(tensor.getRawData().asReadOnlyByteBuffer()).isEqualTo(array.toByteBuffer());
      }
      assertThat(graph.getInitializerList())
          .extracting(TensorProto::getName)
          .containsExactlyInAnyOrderElementsOf(
              Stream.concat(names.stream(), Stream.of("shape_0")).toList());
    }
  }

  @Test
  void export_otherJvmWithOtherHashes_sameBytesAndNoWarningOfOnnxRuntime()
      throws IOException, InterruptedException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Net net = Golden.net(manager);
      byte[] bytes = Files.readAllBytes(exportNet(net, "model.onnx"));
      assertThat(Files.readAllBytes(exportNet(net, "again.onnx"))).isEqualTo(bytes);

      Path file = folder.resolve("other.onnx");
      Path log = folder.resolve("log");
      // -XX:hashCode=3: identity hashes count up; Set.of and Map.of shuffle in every JVM.
      // The class path goes another way: ONNX Runtime dies of a command line of more than 4 kB.
      ProcessBuilder child =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:+UnlockExperimentalVMOptions",
                  "-XX:hashCode=3",
                  "-Dai.djl.offline=true",
                  "-Dai.djl.pytorch.num_threads=1",
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                  ExportInOtherJvm.class.getName(),
                  file.toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile());
      child.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      Process process = child.start();
      assertThat(process.waitFor()).as(Files.readString(log)).isZero();
      // The JVM's own, from JDK 24 on, of protobuf's use of sun.misc.Unsafe; ONNX Runtime's begin
      // with the time.
      assertThat(Files.readAllLines(log)).allMatch(line -> line.startsWith("WARNING: "));
      assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
    }
  }

  /** Exports the golden Net and loads the file; ONNX Runtime's warnings go to standard error. */
  static final class ExportInOtherJvm {
    private ExportInOtherJvm() {}

    public static void main(String[] args) throws IOException, OrtException {
      try (NDManager manager = NDManager.newBaseManager()) {
        Exports.export(Golden.net(manager), SHAPE, Path.of(args[0]));
      }
      try (OrtSession session = OrtEnvironment.getEnvironment().createSession(args[0])) {
        assertThat(session.getNumOutputs()).isEqualTo(1);
      }
    }
  }

  private Path exportNet(Net net, String name) throws IOException {
    Path file = folder.resolve(name);
    Exports.export(net, SHAPE, file);
    return file;
  }

  private static List<String> dims(ValueInfoProto value) {
    return value.getType().getTensorType().getShape().getDimList().stream()
        .map(d -> d.hasDimParam() ? d.getDimParam() : Long.toString(d.getDimValue()))
        .toList();
  }

  private static ImageSet testImages() {
    return IdxReader.read(
        MNIST.resolve("t10k-images-idx3-ubyte.gz"),
        MNIST.resolve("t10k-labels-idx1-ubyte.gz"),
        Net.CLASSES);
  }
}
