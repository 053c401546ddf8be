// SPDX-License-Identifier: Apache-2.0
package dev.coracle.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.inference.Predictor;
import ai.djl.modality.Classifications;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import dev.coracle.CoracleException;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.TestModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How DJL's engine starts, once a process. */
class EngineStartIT {

  private final Path folder;

  EngineStartIT(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void new_afterAClassifier_saysWhatToDo() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    try (Classifier digits = Classifier.open(file)) {
      digits.classify(new byte[784]);
      for (int i = 0; i < 2; i++) { // the second time, DJL's class cannot be initialized any more
        assertThatThrownBy(() -> new ClassifierTranslator<>(file))
            .isInstanceOf(CoracleException.class)
            .hasMessageStartingWith("DJL's OnnxRuntime engine does not start (")
            .hasMessageContaining("make the translator before Coracle opens a model");
      }
    }
  }

  /** ONNX Runtime's start overran the stack at a command line of 4 kB. */
  @Test
  void predict_commandLineOf40Kilobytes_works() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    Path log = folder.resolve("log");
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Dai.djl.offline=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            Main.class.getName(),
            file.toString(),
            "x".repeat(40_000));
    builder
        .environment()
        .put(
            "CLASSPATH",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();

    assertThat(process.waitFor()).as(Files.readString(log)).isZero();
    assertThat(Files.readString(log)).contains("10 classes");
  }

  /** Predicts once, with the file of the first argument. */
  static final class Main {

    private Main() {}

    public static void main(String[] args) throws Exception {
      Path file = Path.of(args[0]);
      Criteria<byte[], Classifications> criteria =
          Criteria.builder()
              .setTypes(byte[].class, Classifications.class)
              .optEngine("OnnxRuntime")
              .optModelPath(file)
              .optTranslator(new ClassifierTranslator<>(file))
              .build();
      try (ZooModel<byte[], Classifications> model = criteria.loadModel();
          Predictor<byte[], Classifications> predictor = model.newPredictor()) {
        int classes = predictor.predict(new byte[784]).getProbabilities().size();
        System.out.println(classes + " classes");
      }
    }
  }
}
