// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.coracle.onnx.SampleBlocks.Sample;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs files of the default opset in ONNX Runtime 1.12.1, the oldest that reads them, in a process
 * of its own: two versions of its libraries do not fit into one.
 */
@Timeout(120)
class OldRuntimeIT {

  private static final String JAR = "target/onnxruntime-old/onnxruntime.jar";

  private final Path folder;

  OldRuntimeIT(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void export_default_runsInTheOldestRuntimeThatReadsIt() throws Exception {
    List<String> written = new ArrayList<>();
    Engine.getInstance().setRandomSeed(3);
    try (NDManager manager = NDManager.newBaseManager()) {
      for (Map.Entry<String, Sample> sample : SampleBlocks.all(manager).entrySet()) {
        write(sample.getKey(), sample.getValue(), manager);
        written.add("agrees: " + sample.getKey() + ".onnx");
      }
    }
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                String.join(File.pathSeparator, JAR, classes().toString()),
                OldRuntime.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(log)).isZero();
    // ONNX Runtime's warnings, and those of newer JVMs about native access, go to the same place.
    List<String> lines = Files.readAllLines(log);
    assertThat(lines.stream().filter(line -> !line.startsWith("WARNING: ")))
        .containsExactlyInAnyOrderElementsOf(written);
  }

  /** Writes model, input and what DJL makes of it. */
  private void write(String name, Sample sample, NDManager manager) throws IOException {
    Path file = folder.resolve(name + ".onnx");
    Exports.exporter(sample.block(), sample.shape()).export(file);
    long[] dims = sample.shape().getShape().clone();
    dims[0] = 5; // is traced at 3, 8 and 17
    NDArray input = manager.randomNormal(new Shape(dims));
    NDArray output =
        sample
            .block()
            .forward(new ParameterStore(manager, false), new NDList(input), false)
            .singletonOrThrow();
    write(input, Path.of(file + ".input"));
    write(output, Path.of(file + ".output"));
  }

  private static void write(NDArray array, Path file) throws IOException {
    try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
      out.writeInt(array.getShape().dimension());
      for (long axis : array.getShape().getShape()) {
        out.writeLong(axis);
      }
      for (float value : array.toFloatArray()) {
        out.writeFloat(value);
      }
    }
  }

  private static Path classes() throws URISyntaxException {
    return Path.of(OldRuntime.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }
}
