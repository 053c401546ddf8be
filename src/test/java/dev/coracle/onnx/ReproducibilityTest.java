// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same blocks give the same bytes in another JVM with other hashes, at every opset, with and
 * without the exporter's options; and ONNX Runtime has nothing to say when it loads them.
 */
class ReproducibilityTest {

  private static final Shape SHAPE = new Shape(1, 2, 12, 10);

  private final Path folder;

  ReproducibilityTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void export_otherJvm_sameBytesAndNoWarningOfOnnxRuntime()
      throws IOException, InterruptedException {
    Path here = Files.createDirectory(folder.resolve("here"));
    Path there = Files.createDirectory(folder.resolve("there"));
    Path log = folder.resolve("log");
    // The class path goes another way: ONNX Runtime dies of a command line of more than 4 kB.
    ProcessBuilder child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UnlockExperimentalVMOptions",
                "-XX:hashCode=3", // identity hashes count up; Set.of shuffles in every JVM
                "-Dai.djl.offline=true",
                "-Dai.djl.pytorch.num_threads=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                InOtherJvm.class.getName(),
                there.toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    child.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    child.environment().remove("JDK_JAVA_OPTIONS"); // its use would be printed
    Process process = child.start();
    Map<String, byte[]> expected = exportAll(here);
    assertThat(process.waitFor()).as(Files.readString(log)).isZero();

    // As in [W:onnxruntime:, graph.cc:…]; PyTorch and newer JVMs have warnings of their own.
    assertThat(Files.readAllLines(log)).noneMatch(line -> line.contains(":onnxruntime:"));
    Map<String, byte[]> found = contents(there);
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
  }

  /** Exports all, and loads all; ONNX Runtime's warnings go to standard error. */
  static final class InOtherJvm {
    private InOtherJvm() {}

    public static void main(String[] args) throws IOException, OrtException {
      for (String name : exportAll(Path.of(args[0])).keySet()) {
        if (name.endsWith(".onnx")) {
          try (OrtSession session =
              OrtEnvironment.getEnvironment()
                  .createSession(Path.of(args[0]).resolve(name).toString())) {
            assertThat(session.getNumOutputs()).isEqualTo(1);
          }
        }
      }
    }
  }

  /** Returns the content of each file by its name. */
  private static Map<String, byte[]> exportAll(Path folder) throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (var sample : samples(manager).entrySet()) {
        String name = sample.getKey();
        exporter(sample.getValue()).export(folder.resolve(name + ".onnx"));
      }
      Block block = network(manager);
      for (int opset = OnnxExporter.MIN_OPSET; opset <= OnnxExporter.MAX_OPSET; opset++) {
        exporter(block).opset(opset).export(folder.resolve("opset" + opset + ".onnx"));
      }
      exporter(block).externalData(true).export(folder.resolve("external.onnx"));
      exporter(block).foldBatchNorm(true).export(folder.resolve("folded.onnx"));
      exporter(block)
          .metadata(Map.of("b", "2", "a", "1", "c", "3"))
          .dynamicAxis("input_0", 0, "n")
          .export(folder.resolve("options.onnx"));
    }
    return contents(folder);
  }

  private static OnnxExporter exporter(Block block) {
    return OnnxExporter.builder().block(block).input("input_0", SHAPE);
  }

  private static Map<String, byte[]> contents(Path folder) throws IOException {
    Map<String, byte[]> contents = new TreeMap<>();
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return contents;
  }

  /** Constants that are folded, shared, or follow from sizes. */
  private static Map<String, Block> samples(NDManager manager) {
    return Map.of(
        "network",
        network(manager),
        "sizes",
        Exports.lambda(
            x -> {
              long batch = x.getShape().get(0);
              NDArray ramp = x.getManager().arange((int) batch).toType(DataType.FLOAT32, false);
              return x.mul(ramp.reshape(batch, 1, 1, 1))
                  .div(batch)
                  .add(x.getManager().ones(x.getShape()))
                  .reshape(batch * 2, -1);
            }),
        "constants",
        Exports.lambda(
            x -> {
              NDArray weight = x.getManager().eye(10).add(2).mul(0.5);
              NDArray table = weight.reshape(1, 10, 10).add(1).reshape(1, 1, 10, 10);
              return x.reshape(-1, 12, 1, 10).add(2).mul(table).sub(2).logSoftmax(-1);
            }));
  }

  private static Block network(NDManager manager) {
    Block block =
        new SequentialBlock()
            .add(
                Conv2d.builder()
                    .setKernelShape(new Shape(3, 3))
                    .setFilters(6)
                    .optPadding(new Shape(1, 1))
                    .build())
            .add(Activation::relu)
            .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
            .add(Exports.lambda(x -> x.reshape(x.getShape().get(0), -1)))
            .add(Linear.builder().setUnits(20).build())
            .add(Exports.lambda(x -> x.logSoftmax(1)));
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    block
        .getParameters()
        .values()
        .forEach(p -> p.getArray().set(Exports.ramp((int) p.getArray().size())));
    return block;
  }
}
