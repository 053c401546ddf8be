// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.benchmarks.Arguments;
import dev.coracle.benchmarks.ResultFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Measures the HTTP server beside the library that it serves: every part once in each of several
 * rounds, against a server in a process of its own; keeps the figures as JSON, and prints the
 * tables of the README.
 *
 * <pre>
 * java -cp target/benchmarks.jar dev.coracle.benchmarks.serving.ServingComparison
 * java -cp target/benchmarks.jar dev.coracle.benchmarks.serving.ServingComparison --print results/FILE.json
 * </pre>
 */
@Command(
    name = "ServingComparison",
    description = "Measures Coracle's HTTP server beside the library that it serves.",
    showDefaultValues = true,
    mixinStandardHelpOptions = true)
final class ServingComparison implements Callable<Integer> {

  private static final int IMAGES = 256;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "Rounds.")
  private int rounds;

  @Option(
      names = "--quick",
      description =
          "One round of times too short for numbers, to see that all parts run; keeps the results in target.")
  private boolean quick;

  @Option(
      names = "--only",
      paramLabel = "PART",
      split = ",",
      description = "Measures only these of ${COMPLETION-CANDIDATES}; keeps the results in target.")
  private Set<Part> only = new TreeSet<>();

  @Option(
      names = "--model",
      paramLabel = "FILE",
      defaultValue = "../output/mnist.onnx",
      description = "Model to serve.")
  private Path model;

  @Option(
      names = "--command",
      paramLabel = "FILE",
      defaultValue = Setup.COMMAND,
      description =
          "Program that starts the server; takes more arguments for its JVM from the variable JAVA_OPTS.")
  private Path command;

  @Option(
      names = "--print",
      paramLabel = "FILE",
      description = "Measures nothing: prints the tables of earlier results.")
  private Path earlier;

  @Option(
      names = "--picture",
      paramLabel = "FILE",
      description = "Also draws latency against throughput, as SVG.")
  private Path picture;

  @Spec private CommandSpec spec = CommandSpec.create();

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new ServingComparison())
        .registerConverter(Part.class, ServingComparison::part);
  }

  private static Part part(String name) {
    for (Part part : Part.values()) {
      if (part.toString().equals(name)) {
        return part;
      }
    }
    throw new CommandLine.TypeConversionException(
        "expected one of " + List.of(Part.values()) + ", got " + name);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (rounds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--rounds: expected 1 or more, got " + rounds);
    }
    if (picture != null && earlier == null && !only.isEmpty() && !only.contains(Part.CURVE)) {
      throw new ParameterException(
          spec.commandLine(), "--picture draws the part curve; add it to --only");
    }
    JsonNode document = earlier == null ? measure() : Arguments.results(spec, earlier);
    ServingReport report = new ServingReport(document);
    System.out.println(report.text());
    if (picture != null) {
      Files.writeString(picture, report.picture());
    }
    return 0;
  }

  private JsonNode measure() throws IOException, InterruptedException {
    Arguments.file(spec, model, "train in the root first, or name a model with --model FILE");
    Arguments.file(spec, command, "build the distribution in the root first");
    HttpLoad load = Wrk.find().<HttpLoad>map(wrk -> wrk).orElseGet(ClosedLoop::new);
    Setup setup = new Setup(model, TestImages.read(IMAGES), load, command, quick);
    Set<Part> parts = only.isEmpty() ? new TreeSet<>(List.of(Part.values())) : new TreeSet<>(only);
    String date = ResultFile.date();
    Path file = file(date);
    int total = quick ? 1 : rounds;
    System.err.printf(
        "%d rounds of %s, load from %s, %s; results go to %s%n",
        total,
        parts,
        load.name(),
        quick
            ? "quick"
            : "about %d minutes"
                .formatted(total * parts.stream().mapToInt(part -> part.seconds).sum() / 60 + 1),
        file);
    ObjectNode document = ResultFile.newDocument(date);
    document.put("load", load.name());
    String more = System.getenv().getOrDefault("JAVA_OPTS", "");
    document.put(
        "serverJvmArguments",
        "what %s gives it%s"
            .formatted(command.getFileName(), more.isEmpty() ? "" : " and " + more));
    for (int round = 1; round <= total; round++) {
      ObjectNode figures = document.withArray("rounds").addObject();
      for (Part part : parts) {
        System.err.printf("round %d of %d: %s%n", round, total, part);
        part.measure(setup, figures);
        ResultFile.write(file, document); // what there is, should a later part fail
      }
    }
    return document;
  }

  private Path file(String date) {
    return quick || !only.isEmpty()
        ? Path.of("target", "serving.json")
        : Path.of("results", "serving-" + date.replace(":", "") + ".json");
  }
}
