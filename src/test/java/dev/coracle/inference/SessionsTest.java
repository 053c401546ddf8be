// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.coracle.CoracleException;
import dev.coracle.inference.ModelOptions.OptimizationLevel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the options make of a session; ONNX's own parser reads what ONNX Runtime writes. */
class SessionsTest {

  private static final int CHANNELS = 16; // a whole block of every processor's
  private static final String[] DOMAINS = {"com.microsoft", "com.microsoft.nchwc"};

  private final Path folder;
  private final Path model;

  SessionsTest(@TempDir Path folder) throws IOException {
    this.folder = folder.toRealPath();
    this.model = Files.write(this.folder.resolve("model.onnx"), convolution());
  }

  @ParameterizedTest
  @EnumSource
  void open_anyOptimizationLevel_sameAnswersAndItsFileToo(OptimizationLevel level)
      throws IOException {
    Path optimized = folder.resolve("sub/optimised \uD83E\uDD8A.onnx");
    ModelOptions options =
        ModelOptions.builder().optimizationLevel(level).optimizedFile(optimized).build();

    float[] answer = answer(model, options);

    List<String> operators =
        ModelProto.parseFrom(Files.readAllBytes(optimized)).getGraph().getNodeList().stream()
            .map(NodeProto::getOpType)
            .toList();
    switch (level) {
      case NONE -> assertThat(operators).containsExactly("Identity", "Conv", "Relu", "Flatten");
      case BASIC -> assertThat(operators).containsExactly("Conv", "Relu", "Flatten");
      case EXTENDED, KEEPING_WEIGHTS ->
          assertThat(operators).containsExactly("FusedConv", "Flatten");
      case ALL -> assertThat(operators).contains("Flatten").doesNotContain("Identity", "Relu");
    }
    // Sums of 9 products in another order: a few units in the last place of values below 8.
    assertThat(answer).containsExactly(expected(), within(1e-5f));
    ModelOptions reopening = ModelOptions.builder().allowDomains(DOMAINS).build();
    assertThat(answer(optimized, reopening)).containsExactly(expected(), within(1e-5f));
  }

  /** The constant after a convolution could be multiplied into its weights: a changed copy. */
  @Test
  void open_keepingWeights_makesNoOthers() throws IOException {
    Path file = folder.resolve("scaled.onnx");
    ModelBuilder scaled = new ModelBuilder().input("x", 1, 1, 8, 8).output("y");
    scaled.weights("w", 4, 1, 3, 3).weights("m", 4, 1, 1);
    Files.write(file, scaled.node("Conv x w > c").node("Mul c m > y").model().toByteArray());
    Map<OptimizationLevel, List<String>> operators =
        Map.of(
            OptimizationLevel.EXTENDED, List.of("Conv"),
            OptimizationLevel.KEEPING_WEIGHTS, List.of("Conv", "Mul"));
    for (Map.Entry<OptimizationLevel, List<String>> expected : operators.entrySet()) {
      Path optimized = folder.resolve("optimised.onnx");
      OnnxModel.open(
              file,
              ModelOptions.builder()
                  .optimizationLevel(expected.getKey())
                  .optimizedFile(optimized)
                  .build())
          .close();
      assertThat(
              ModelProto.parseFrom(Files.readAllBytes(optimized)).getGraph().getNodeList().stream()
                  .map(NodeProto::getOpType))
          .containsExactlyElementsOf(expected.getValue());
    }
  }

  @Test
  void open_optimizedFileOfClassifier_keepsTheMetadata() throws IOException {
    Path optimized = folder.resolve("optimised.onnx");
    TestModel.mnist().write(model);
    ModelOptions options = ModelOptions.builder().optimizedFile(optimized).build();
    byte[] image = ClassifierTest.images(1).get(0);
    try (Classifier first = Classifier.open(model, options);
        Classifier second =
            Classifier.open(optimized, ModelOptions.builder().allowDomains(DOMAINS).build())) {
      assertThat(second.metadata()).isEqualTo(first.metadata());
      assertThat(second.classify(image)).isEqualTo(first.classify(image));
    }
  }

  @Test
  void open_refusedModel_leavesTheOptimizedFileOfBefore() throws IOException {
    Path optimized = Files.writeString(folder.resolve("optimised.onnx"), "of before");
    Path broken = folder.resolve("broken.onnx");
    ModelProto.Builder unknown = ModelProto.parseFrom(convolution()).toBuilder();
    unknown.getGraphBuilder().getNodeBuilder(0).setOpType("Unknown");
    Files.write(broken, unknown.build().toByteArray());
    List<Path> before = temporaryFiles();

    ModelOptions options = ModelOptions.builder().optimizedFile(optimized).build();
    assertThatExceptionOfType(InvalidModelException.class)
        .isThrownBy(() -> OnnxModel.open(broken, options).close())
        .withMessageStartingWith(broken + ": expected a complete ONNX model");

    assertThat(optimized).hasContent("of before");
    assertThat(temporaryFiles()).containsExactlyElementsOf(before);
  }

  @Test
  void open_optimizedFileCannotBeWritten_saysWhichAndLeavesNothing() throws IOException {
    List<Path> before = temporaryFiles();
    ModelOptions options = ModelOptions.builder().optimizedFile(folder).build();
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> OnnxModel.open(model, options).close())
        .withMessageStartingWith(folder + ": the optimised model cannot be written: ");
    assertThat(temporaryFiles()).containsExactlyElementsOf(before);
  }

  @Test
  void open_cudaWithoutItsLibraries_saysWhatToDependOn() {
    ModelOptions options = ModelOptions.builder().cuda(0).build();
    assertThatExceptionOfType(CoracleException.class)
        .isThrownBy(() -> OnnxModel.open(model, options).close())
        .isNotInstanceOf(InvalidModelException.class)
        .withMessageStartingWith("cuda(0): ONNX Runtime finds no CUDA here")
        .withMessageContaining("com.microsoft.onnxruntime:onnxruntime_gpu")
        .withMessageContaining("cuDNN");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  @EnabledOnOs(value = OS.LINUX, disabledReason = "counts the threads in /proc")
  void open_threads_startsThemBesideTheCaller(int threads) throws IOException {
    OnnxModel.open(model).close(); // ONNX Runtime's own
    int before = ortThreads();
    ModelOptions options = ModelOptions.builder().intraOpThreads(threads).build();
    OnnxModel opened = OnnxModel.open(model, options);
    try (opened) {
      assertThat(ortThreads()).isEqualTo(before + threads - 1);
    }
    assertThat(ortThreads()).isEqualTo(before);
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "reads the memory in /proc")
  void open_failsAgainAndAgain_freesSessionsAndOptions() throws Exception {
    Path large = TestModel.mnist().withSize(128, 128, 100).write(folder.resolve("large.onnx"));
    // A heap that has its size from the start: what grows is native.
    List<String> options =
        List.of(
            "-Xms128m", "-XX:+AlwaysPreTouch", "-Dcoracle.native.cache=" + folder.resolve("cache"));
    ChildJvm child = ChildJvm.start(folder, options, Failing.class, model, large);
    assertThat(child.await()).as(child.lines().toString()).isZero();
    List<Long> growth =
        child.lines().stream().filter(l -> l.matches("\\d+")).map(Long::valueOf).toList();
    assertThat(growth).hasSize(2);
    assertThat(growth.get(0)).as("of 20,000 session options").isLessThan(5 << 20);
    assertThat(growth.get(1)).as("of 30 sessions, 14 MB each").isLessThan(200 << 20);
  }

  /** Opens models in vain, and writes by how many bytes that makes the process grow. */
  static final class Failing {
    private Failing() {}

    public static void main(String[] args) throws IOException {
      Path small = Path.of(args[0]);
      Path large = Path.of(args[1]);
      ModelOptions noCuda = ModelOptions.builder().cuda(0).build();
      ModelOptions noFile = ModelOptions.builder().optimizedFile(large.resolve("no")).build();
      fail(2_000, small, noCuda);
      long before = 1024 * Memory.residentKilobytes();
      fail(20_000, small, noCuda);
      System.out.println(Math.max(0, 1024 * Memory.residentKilobytes() - before));
      before = 1024 * Memory.residentKilobytes();
      fail(30, large, noFile);
      System.out.println(Math.max(0, 1024 * Memory.residentKilobytes() - before));
    }

    private static void fail(int times, Path file, ModelOptions options) {
      for (int i = 0; i < times; i++) {
        assertThatExceptionOfType(CoracleException.class)
            .isThrownBy(() -> OnnxModel.open(file, options).close());
      }
    }
  }

  private static List<Path> temporaryFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return files.filter(file -> file.getFileName().toString().matches("coracle-.*onnx")).toList();
    }
  }

  private static int ortThreads() throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
      return (int) threads.count();
    }
  }

  private static float[] answer(Path file, ModelOptions options) {
    try (OnnxModel opened = OnnxModel.open(file, options)) {
      float[] image = new float[9];
      IntStream.range(0, 9).forEach(i -> image[i] = i);
      String name = opened.inputs().get(0).name();
      float[] answer = new float[CHANNELS];
      Tensor input = Tensor.of(image, 1, 1, 3, 3);
      opened.run(Map.of(name, input)).values().iterator().next().floats().get(answer);
      return answer;
    }
  }

  private static float[] expected() {
    float[] sums = new float[CHANNELS];
    for (int channel = 0; channel < CHANNELS; channel++) {
      for (int pixel = 0; pixel < 9; pixel++) {
        sums[channel] += pixel * TestModel.weight(pixel, channel);
      }
      sums[channel] = Math.max(0, sums[channel]);
    }
    return sums;
  }

  /** ONNX Runtime quotes names from the file: long ones, and ones that move a terminal's cursor. */
  @Test
  void create_hostileName_staysOutOfTheMessage() throws IOException {
    String name = "/onnxruntime_src/a \u001b[31m\u0007".repeat(5_000);
    byte[] bytes =
        TestModel.model(
            GraphProto.newBuilder()
                .setName("test")
                .addInput(TestModel.tensor("a", TestModel.FLOAT, 2, 3))
                .addInput(TestModel.tensor("b", TestModel.FLOAT, 4, 5))
                .addNode(TestModel.node("MatMul", "y", "a", "b").setName(name))
                .addOutput(TestModel.tensor("y", TestModel.FLOAT, 2, 5)),
            Map.of());
    Path file = Files.write(folder.resolve("hostile.onnx"), bytes);
    assertThatThrownBy(() -> OnnxModel.open(file).close())
        .isInstanceOf(InvalidModelException.class)
        .satisfies(
            e -> {
              String said = String.valueOf(e.getMessage());
              assertThat(said).hasSizeLessThan(1_500).contains("MatMul");
              assertThat(said.chars().anyMatch(Character::isISOControl)).isFalse();
            });
  }

  /** (N,1,3,3) -> (N,16): one convolution whose kernel is as large as the image. */
  private static byte[] convolution() {
    float[] weights = new float[CHANNELS * 9];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = TestModel.weight(i % 9, i / 9);
    }
    return TestModel.model(
        GraphProto.newBuilder()
            .setName("test")
            .addInput(TestModel.tensor("input_0", TestModel.FLOAT, -1, 1, 3, 3))
            .addInitializer(TestModel.floats("weight", List.of(CHANNELS, 1, 3, 3), weights))
            .addNode(TestModel.node("Identity", "same", "input_0"))
            .addNode(TestModel.node("Conv", "conv", "same", "weight"))
            .addNode(TestModel.node("Relu", "relu", "conv"))
            .addNode(TestModel.node("Flatten", "output_0", "relu"))
            .addOutput(TestModel.tensor("output_0", TestModel.FLOAT, -1, CHANNELS)),
        Map.of());
  }
}
