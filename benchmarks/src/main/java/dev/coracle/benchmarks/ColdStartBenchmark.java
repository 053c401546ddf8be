// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures the first answer, in ms. {@link #firstAnswer} is what an application that already runs
 * waits for: from {@code Classifier.open} to the first {@link Prediction}, ONNX Runtime's start
 * included, once in each of 20 JVMs. {@link #command} is the whole command {@code classify} on one
 * PNG picture, from the start of its process to its end, ten times after one that does not count.
 * The operating system has the files in memory, and ONNX Runtime's libraries are unpacked already,
 * as in every run of a user but the first.
 *
 * <pre>
 * java -jar target/benchmarks.jar ColdStartBenchmark
 * </pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class ColdStartBenchmark {

  /** File to run; the default is what the command {@code train} writes. */
  @Param("../output/mnist.onnx")
  public String model = "";

  private Path file;
  private byte[] image;
  private Classifier classifier;

  /** A picture as a file, for the command. */
  @State(Scope.Benchmark)
  public static class Picture {

    Path file;

    @Setup
    public void write() throws IOException {
      BufferedImage grey =
          new BufferedImage(Pixels.SIZE, Pixels.SIZE, BufferedImage.TYPE_BYTE_GRAY);
      grey.getRaster().setDataElements(0, 0, Pixels.SIZE, Pixels.SIZE, Load.image());
      file = Files.createTempFile("digit", ".png");
      ImageIO.write(grey, "png", file.toFile());
    }

    @TearDown
    public void delete() throws IOException {
      Files.delete(file);
    }
  }

  @Setup
  public void prepare() {
    file = Load.model(model);
    image = Load.image();
  }

  @TearDown
  public void close() {
    if (classifier != null) {
      classifier.close();
    }
  }

  @Benchmark
  @Fork(value = 20, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
  @Warmup(iterations = 0)
  @Measurement(iterations = 1)
  public Prediction firstAnswer() {
    classifier = Classifier.open(file);
    return classifier.classify(image);
  }

  @Benchmark
  @Fork(1)
  @Warmup(iterations = 1)
  @Measurement(iterations = 10)
  public String command(Picture picture) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.coracle.cli.Main",
                "classify",
                "--model",
                file.toString(),
                picture.file.toString())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int status = process.waitFor();
    if (status != 0 || !output.contains("%")) {
      throw new IllegalStateException(
          "classify: expected a class and its probability, got status " + status + ": " + output);
    }
    return output;
  }
}
