// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The file as a whole: what it is, how large, which version, and what is read from it. */
class ModelFileTest {

  private static final ModelProto RELU =
      new ModelBuilder().input("x", -1, 3).output("y").node("Relu x > y").model();

  private final Path folder;

  ModelFileTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void read_missingFile_saysSo() {
    assertRefused(folder.resolve("absent.onnx"), "does not exist; give the path of an ONNX file");
  }

  @Test
  void read_directory_saysSo() {
    assertRefused(folder, "is a directory; give the ONNX file in it");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void read_deviceOrPipe_isNotOpened() throws IOException, InterruptedException {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    assertRefused(pipe, "expected a regular file, found a device, pipe or socket");
    assertRefused(Path.of("/dev/zero"), "expected a regular file");
  }

  @Test
  void read_emptyFile_saysSo() throws IOException {
    assertRefused(write(new byte[0]), "expected an ONNX file, found no bytes");
  }

  @Test
  void read_largerThanAllowed_saysBothSizes() throws IOException {
    byte[] bytes = RELU.toByteArray();
    Path file = write(bytes);

    ModelFile.read(file, ModelOptions.builder().maxFileBytes(bytes.length).build());
    assertRefused(
        file,
        ModelOptions.builder().maxFileBytes(bytes.length - 1).build(),
        "expected at most %d bytes, found %d".formatted(bytes.length - 1, bytes.length));
  }

  @Test
  void read_otherChecksum_saysBoth() throws Exception {
    byte[] bytes = RELU.toByteArray();
    Path file = write(bytes);
    String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));

    ModelFile.read(
        file, ModelOptions.builder().sha256(sum.toUpperCase(java.util.Locale.ROOT)).build());
    String other = "0".repeat(64);
    assertRefused(
        file,
        ModelOptions.builder().sha256(other).build(),
        "expected the SHA-256 " + other + ", found " + sum);
  }

  @ParameterizedTest
  @MethodSource("otherFormats")
  void read_anotherFormat_namesIt(String start, String said) throws IOException {
    Path file = write(start.getBytes(ISO_8859_1));
    assertRefused(file, "is not an ONNX file");
    assertRefused(file, said);
  }

  static List<Arguments> otherFormats() {
    return List.of(
        Arguments.of("\u0089PNG\r\n", "a PNG image"),
        Arguments.of("PK\u0003\u0004rest", "a zip file"),
        Arguments.of("\u001f\u008b\u0008", "gzip data"),
        Arguments.of("%PDF-1.7", "a PDF document"),
        Arguments.of("<html>", "HTML"),
        Arguments.of("A text.", "expected a field of ModelProto at byte 0, found 0x41"),
        Arguments.of("{}", "expected a field of ModelProto at byte 0, found 0x7b"));
  }

  /**
   * ONNX Runtime takes any bytes with ORTM at byte 4 for its own format, and none of the checks
   * would hold: here they are a producer's name in a sound ONNX file.
   */
  @Test
  void read_onnxFileThatPassesForOrtFormat_isRefused() throws IOException {
    byte[] bytes = RELU.toBuilder().setProducerName("ORTM").build().toByteArray();
    assertThat(new String(bytes, 4, 4, ISO_8859_1)).isEqualTo("ORTM");
    assertRefused(write(bytes), "ONNX Runtime's own format (.ort)");
  }

  @Test
  void read_truncatedAnywhere_isRefused() throws IOException {
    byte[] whole = TestModel.logits().withSize(3, 3, 10).bytes();
    for (int length = 0; length < whole.length; length++) {
      assertRefused(write(Arrays.copyOf(whole, length)), "");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, 'expected IR version 3 to 13, found 2; convert'",
    "14, 'expected IR version 3 to 13, found 14; export'",
    "-1, found -1"
  })
  void read_otherIrVersion_saysTheRange(long version, String said) throws IOException {
    assertRefused(RELU.toBuilder().setIrVersion(version), said);
  }

  /** The range is ONNX Runtime's: it loads both ends and refuses what is beyond the upper. */
  @Test
  void read_versionsOfTheRange_loadInOnnxRuntime() throws Exception {
    for (long version : List.of(3L, 13L)) {
      open(RELU.toBuilder().setIrVersion(version));
    }
    open(opset("", ModelRules.MAX_OPSET));
    open(opset("ai.onnx.ml", ModelRules.MAX_ML_OPSET));
    for (ModelProto.Builder newer :
        List.of(
            RELU.toBuilder().setIrVersion(14),
            opset("", ModelRules.MAX_OPSET + 1),
            opset("ai.onnx.ml", ModelRules.MAX_ML_OPSET + 1))) {
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        byte[] bytes = newer.build().toByteArray();
        assertThatThrownBy(() -> Environment.get().createSession(bytes, options).close())
            .isInstanceOf(OrtException.class);
      }
    }
  }

  @Test
  void read_otherOpset_saysTheRangeAndWhatToDo() throws IOException {
    assertRefused(
        opset("", 27),
        "an opset of ai.onnx up to 26, found 27; export the model with an older opset");
    assertRefused(opset("ai.onnx", 27), "ai.onnx up to 26, found 27");
    assertRefused(opset("ai.onnx.ml", 6), "ai.onnx.ml up to 5, found 6");
    assertRefused(opset("", 0), "from 1 to 26, found 0");
    assertRefused(opset("", (1L << 32) + 17), "found 4294967313");
    assertRefused(RELU.toBuilder().clearOpsetImport(), "expected an opset_import");
    open(opset("com.example", 99)); // unused
  }

  @Test
  void read_noGraph_saysSo() throws IOException {
    assertRefused(RELU.toBuilder().clearGraph(), "expected a graph, found none");
    assertRefused(ModelProto.newBuilder().setProducerName("x"), "is not an ONNX file");
  }

  @Test
  void read_metadata_lastEntryOfAKeyCountsAndTextIsExact() throws IOException {
    ModelProto.Builder model = RELU.toBuilder();
    for (String text : List.of("first", "zéro 一 \uD83E\uDD8A \u0000")) {
      model.addMetadataPropsBuilder().setKey("note").setValue(text);
    }
    model.addMetadataPropsBuilder().setKey("empty");

    assertThat(open(model).metadata())
        .containsOnly(
            java.util.Map.entry("note", "zéro 一 \uD83E\uDD8A \u0000"),
            java.util.Map.entry("empty", ""));
  }

  @Test
  void read_signature_leavesOutInitializedInputs() throws IOException {
    ModelBuilder model =
        new ModelBuilder()
            .input("x", -1, 3)
            .typedInput("n", ModelBuilder.INT64, 1)
            .input("w", 3)
            .weights("w", 3)
            .output("y")
            .node("Mul x w > z")
            .node("Softmax z > y");
    GraphSignature signature = open(model.model().toBuilder()).signature();

    assertThat(signature.inputs())
        .containsExactly(
            new TensorSpec("x", DType.FLOAT32, List.of(TensorSpec.DYNAMIC, 3L)),
            new TensorSpec("n", DType.INT64, List.of(1L)));
    assertThat(signature.outputOperator()).isEqualTo("Softmax");
  }

  @Test
  void read_inputThatJavaHasNoBufferFor_isRefused() throws IOException {
    ModelBuilder strings = new ModelBuilder().typedInput("x", 8, 2).output("y", 8);
    assertRefused(
        strings.node("Identity x > y").model().toBuilder(),
        "input \"x\": expected a tensor of known rank with elements that Java has a buffer for, found STRING");
  }

  @ParameterizedTest
  @MethodSource("realModels")
  void read_modelOfPyTorchsExporter_passes(Path file) {
    ModelFile model = ModelFile.read(file, ModelOptions.DEFAULTS);
    assertThat(model.signature().inputs()).isNotEmpty();
  }

  static List<Path> realModels() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/onnx"))) {
      return files.filter(file -> file.toString().endsWith(".onnx")).sorted().toList();
    }
  }

  @Test
  void read_modelOfOnnxRuntimesOptimizer_passesWithItsDomains() throws Exception {
    Path file = folder.resolve("optimized.onnx");
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setOptimizedModelFilePath(file.toString());
      byte[] conv = SoakModels.all().get(7).toByteArray();
      Environment.get().createSession(conv, options).close();
    }
    assertRefused(file, "found one of the domain \"com.microsoft");
    ModelFile.read(
        file, ModelOptions.builder().allowDomains("com.microsoft", "com.microsoft.nchwc").build());
  }

  @Test
  void read_everySoundModelOfTheSoak_opens() throws IOException {
    for (ModelProto model : SoakModels.all()) {
      open(model.toBuilder());
    }
  }

  private static ModelProto.Builder opset(String domain, long version) {
    ModelProto.Builder model = RELU.toBuilder();
    if (domain.isEmpty()) {
      model.getOpsetImportBuilder(0).setVersion(version);
    } else {
      model.removeOpsetImport(1).addOpsetImportBuilder().setDomain(domain).setVersion(version);
    }
    return model;
  }

  private ModelFile open(ModelProto.Builder model) throws IOException {
    ModelFile file = ModelFile.read(write(model.build().toByteArray()), ModelOptions.DEFAULTS);
    try {
      Sessions.create(file, ModelOptions.DEFAULTS).close();
    } catch (OrtException e) {
      throw new IOException(e);
    }
    return file;
  }

  private void assertRefused(ModelProto.Builder model, String said) throws IOException {
    assertRefused(write(model.build().toByteArray()), said);
  }

  private static void assertRefused(Path file, String said) {
    assertRefused(file, ModelOptions.DEFAULTS, said);
  }

  private static void assertRefused(Path file, ModelOptions options, String said) {
    for (boolean byPath : new boolean[] {false, true}) {
      ModelOptions asked = options.toBuilder().readByPath(byPath).build();
      assertThatThrownBy(() -> ModelFile.read(file, asked))
          .isInstanceOf(InvalidModelException.class)
          .isInstanceOf(CoracleException.class)
          .hasMessageStartingWith(file.toString())
          .hasMessageContaining(said);
    }
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("model.onnx"), bytes);
  }
}
