// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.basicmodelzoo.cv.classification.ResNetV1;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.coracle.net.Net;
import dev.coracle.onnx.OnnxExporter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Measures what an export takes, with verification and without, in a JVM for each: the time of the
 * first one, which starts all that it needs, and of a second; and the memory of the process at its
 * peak in the first, beyond what it had before (on Linux).
 *
 * <pre>
 * java -cp target/benchmarks.jar dev.coracle.benchmarks.ExportBenchmark
 * </pre>
 *
 * <p>The block is there already, with random parameters, and its engine is loaded, as in a program
 * that has trained. What the start of ONNX Runtime takes is in the time with verification.
 */
@Command(
    name = "ExportBenchmark",
    description = "Measures time and memory of the exporter.",
    showDefaultValues = true,
    mixinStandardHelpOptions = true)
final class ExportBenchmark implements Callable<Integer> {

  private static final double MEGABYTE = 1e6;

  /** A DJL block and the shape of its input. */
  private enum Subject {
    NET("Net", new Shape(1, 1, Net.SIZE, Net.SIZE)) {
      @Override
      Block block() {
        return new Net();
      }
    },
    RESNET_50("ResNet-50", new Shape(1, 3, 224, 224)) {
      @Override
      Block block() {
        return ResNetV1.builder()
            .setImageShape(new Shape(3, 224, 224))
            .setNumLayers(50)
            .setOutSize(1000)
            .build();
      }
    };

    private final String title;
    private final Shape shape;

    Subject(String title, Shape shape) {
      this.title = title;
      this.shape = shape;
    }

    abstract Block block();
  }

  /** What one JVM measured. */
  private record Sample(
      double firstSeconds, double secondSeconds, double extraBytes, double fileBytes) {}

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "Rounds.")
  private int rounds;

  @Option(names = "--only", paramLabel = "NAME", description = "Net or ResNet-50 alone.")
  private String only;

  @Option(names = "--measure", hidden = true)
  private Subject subject;

  @Option(names = "--verify", hidden = true)
  private boolean verify;

  @Spec private CommandSpec spec = CommandSpec.create();

  public static void main(String[] args) {
    System.exit(new CommandLine(new ExportBenchmark()).execute(args));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (subject != null) {
      measure();
      return 0;
    }
    if (rounds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--rounds: expected 1 or more, got " + rounds);
    }
    List<Subject> subjects =
        Arrays.stream(Subject.values()).filter(s -> only == null || only.equals(s.title)).toList();
    if (subjects.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "--only: expected Net or ResNet-50, got " + only);
    }
    System.out.println(ResultFile.origin(ResultFile.newDocument(ResultFile.date())));
    System.out.printf("Median (least–greatest) of %d JVMs.%n%n", rounds);
    System.out.println("| | first export, s | second, s | extra memory, MB | of the file's size |");
    System.out.println("| --- | ---: | ---: | ---: | ---: |");
    for (Subject each : subjects) {
      for (boolean verified : new boolean[] {false, true}) {
        List<Sample> samples = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
          samples.add(inOtherJvm(each, verified));
        }
        System.out.printf(
            "| %s%s | %s | %s | %s | %s |%n",
            each.title,
            verified ? ", verified" : "",
            spread(samples, Sample::firstSeconds),
            spread(samples, Sample::secondSeconds),
            spread(samples, sample -> sample.extraBytes() / MEGABYTE),
            spread(samples, sample -> sample.extraBytes() / sample.fileBytes()));
      }
    }
    return 0;
  }

  private static Spread spread(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return Spread.of(samples.stream().mapToDouble(figure));
  }

  private static Sample inOtherJvm(Subject subject, boolean verified)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dai.djl.offline=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                System.getProperty("java.class.path"),
                ExportBenchmark.class.getName(),
                "--measure",
                subject.name()));
    if (verified) {
      command.add("--verify");
    }
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IllegalStateException(subject + " failed: " + output);
    }
    String[] figures = output.split(" ");
    return new Sample(
        Double.parseDouble(figures[0]),
        Double.parseDouble(figures[1]),
        Double.parseDouble(figures[2]),
        Double.parseDouble(figures[3]));
  }

  /** Prints the seconds of two exports, bytes beyond those before, and the file's. */
  private void measure() throws IOException {
    Path folder = Files.createTempDirectory("export"); // empty, as a user's own is
    Path file = folder.resolve("model.onnx");
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = subject.block();
      block.initialize(manager, DataType.FLOAT32, subject.shape);
      System.gc();
      long before = resetPeak();
      double first = secondsOfExport(block, file);
      long extra = status("VmHWM") - before;
      long bytes = Files.size(file);
      Files.delete(file);
      double second = secondsOfExport(block, file);
      System.out.println(first + " " + second + " " + extra + " " + bytes);
    } finally {
      Files.deleteIfExists(file);
      Files.delete(folder);
    }
  }

  private double secondsOfExport(Block block, Path file) throws IOException {
    OnnxExporter exporter =
        OnnxExporter.builder().block(block).input("input_0", subject.shape).verify(verify);
    long start = System.nanoTime();
    exporter.export(file);
    return (System.nanoTime() - start) / 1e9;
  }

  /** Makes the peak what is resident now, and returns that. */
  private static long resetPeak() throws IOException {
    Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // proc(5)
    return status("VmRSS");
  }

  private static long status(String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(field + ":")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("/proc/self/status has no " + field);
  }
}
