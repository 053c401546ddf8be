// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which of Java's modules a run-time image for inference needs. */
class ClassifierModulesTest {

  private final Path folder;

  ClassifierModulesTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** java.logging is what ONNX Runtime's Java binding needs. */
  @Test
  void classify_withoutJavaDesktop_takesAllButPictures() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--limit-modules",
                "java.base,java.logging",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath(Classifier.class, ai.onnxruntime.OrtSession.class, Main.class),
                Main.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();

    assertThat(process.waitFor()).as(Files.readString(log)).isZero();
    assertThat(Files.readAllLines(log))
        .containsExactly(
            "false",
            "true",
            "image 0: expected 784 pixels (28 rows of 28) as byte[], float[], ByteBuffer, EncodedImage or BufferedImage, got int[]");
  }

  private static String classPath(Class<?>... types) {
    return Stream.of(types)
        .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
        .map(ClassifierModulesTest::path)
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String path(URL location) {
    try {
      return Path.of(location.toURI()).toString();
    } catch (URISyntaxException e) {
      throw new AssertionError(location.toString(), e);
    }
  }

  /** Runs where there is nothing but the JDK's named modules, Coracle and ONNX Runtime. */
  static final class Main {

    private Main() {}

    public static void main(String[] args) {
      System.out.println(ModuleLayer.boot().findModule("java.desktop").isPresent());
      try (Classifier digits = Classifier.open(Path.of(args[0]))) {
        byte[] image = new byte[784];
        System.out.println(digits.classify(List.of(image)).get(0).equals(digits.classify(image)));
        try {
          digits.classify(List.of(new int[784]));
        } catch (InvalidInputException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }
}
