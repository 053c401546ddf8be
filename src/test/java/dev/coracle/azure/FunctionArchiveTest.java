// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.Version;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TimeZone;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FunctionArchiveTest {

  /** Of the network that {@code train} trains; weights do not compress. */
  private static final long NET_BYTES = 4_900_000;

  private static final String JAR = "coracle-" + Version.CORACLE + ".jar";

  private final Path folder;
  private final Path model;
  private final Path archive;

  FunctionArchiveTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    this.model = TestModel.mnist().write(folder.resolve("digits.onnx"));
    this.archive = folder.resolve("app.zip");
  }

  @Test
  void write_hasWhatTheFunctionNeeds_andNothingElse() throws IOException {
    FunctionArchive.write(model, archive);

    Map<String, byte[]> entries = Zip.read(archive);
    assertThat(entries.keySet().stream().map(name -> name.replaceAll("-\\d.*\\.jar", ".jar")))
        .containsExactlyInAnyOrder(
            "host.json",
            "mnist_classify/function.json",
            "model.onnx",
            "coracle.jar",
            "lib/azure-functions-java-library.jar",
            "lib/jackson-core.jar",
            "lib/onnxruntime.jar");
    assertThat(entries.get("model.onnx")).isEqualTo(Files.readAllBytes(model));
    assertThat(Files.size(archive)).isLessThan(20_000_000 - NET_BYTES);
  }

  @Test
  void write_jarsAreWhole_andHaveTheLibrariesOfLinuxX64Alone() throws IOException {
    FunctionArchive.write(model, archive);
    Map<String, byte[]> entries = Zip.read(archive);

    Path coracle = Files.write(folder.resolve("coracle.jar"), entries.get(JAR));
    assertThat(Zip.read(coracle))
        .containsKeys(
            "META-INF/MANIFEST.MF",
            "dev/coracle/version.properties",
            "dev/coracle/azure/MnistFunction.class");
    String name =
        entries.keySet().stream().filter(n -> n.startsWith("lib/onnxruntime")).findFirst().get();
    Path onnxRuntime = Files.write(folder.resolve("onnxruntime.jar"), entries.get(name));
    assertThat(Zip.read(onnxRuntime)).containsKey("ai/onnxruntime/OrtSession.class");
    assertThat(Zip.read(onnxRuntime).keySet().stream().filter(n -> n.contains("/native/")))
        .containsExactlyInAnyOrder(
            "ai/onnxruntime/native/linux-x64/libonnxruntime.so",
            "ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so");
  }

  @Test
  void write_again_inAnotherTimeZone_givesTheSameBytes() throws IOException {
    FunctionArchive.write(model, archive);
    TimeZone before = TimeZone.getDefault();
    Path other = folder.resolve("other.zip");
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Tokyo"));
      FunctionArchive.write(model, other);
    } finally {
      TimeZone.setDefault(before);
    }
    assertThat(Files.mismatch(archive, other)).isEqualTo(-1);
  }

  @Test
  void write_noModel_writesNothing() throws IOException {
    Path text = Files.writeString(folder.resolve("text.onnx"), "no model");
    Path below = folder.resolve("new/app.zip");
    assertThatThrownBy(() -> FunctionArchive.write(text, below))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("text.onnx");
    assertThat(below.getParent()).doesNotExist();

    Files.writeString(archive, "earlier");
    assertThatThrownBy(() -> FunctionArchive.write(folder.resolve("none.onnx"), archive))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("none.onnx");
    assertThat(archive).hasContent("earlier");
    assertOnlyFiles("app.zip", "digits.onnx", "text.onnx");
  }

  @Test
  void write_overAFolderOrTheModel_isRefused() throws IOException {
    Path taken = Files.createDirectory(folder.resolve("taken"));
    assertThatThrownBy(() -> FunctionArchive.write(model, taken))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("is a folder");
    byte[] bytes = Files.readAllBytes(model);
    assertThatThrownBy(() -> FunctionArchive.write(model, folder.resolve("taken/../digits.onnx")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("it is the model");
    assertThat(model).hasBinaryContent(bytes);
    assertOnlyFiles("digits.onnx", "taken");
  }

  private void assertOnlyFiles(String... names) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder(names);
    }
  }
}
