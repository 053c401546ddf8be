// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.RunnerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Runs every contender once in each of several rounds, a JVM each, so that a machine that is slower
 * for a while is so for all of them; keeps JMH's results as JSON, and prints the tables of the
 * README.
 *
 * <pre>
 * java -cp target/benchmarks.jar dev.coracle.benchmarks.Comparison
 * java -cp target/benchmarks.jar dev.coracle.benchmarks.Comparison --print results/FILE.json
 * </pre>
 */
@Command(
    name = "Comparison",
    description = "Measures Coracle beside the other ways to run the same model.",
    showDefaultValues = true,
    mixinStandardHelpOptions = true)
final class Comparison implements Callable<Integer> {

  private static final double COLD_START_MINUTES = 1;

  @Option(names = "--rounds", paramLabel = "N", defaultValue = "5", description = "Rounds.")
  private int rounds;

  @Option(
      names = "--quick",
      description =
          "One round of iterations too short for numbers, to see that all contenders run; keeps the results in target.")
  private boolean quick;

  @Option(
      names = "--print",
      paramLabel = "FILE",
      description = "Measures nothing: prints the tables of earlier results.")
  private Path earlier;

  @Spec private CommandSpec spec = CommandSpec.create();

  public static void main(String[] args) {
    System.exit(new CommandLine(new Comparison()).execute(args));
  }

  @Override
  public Integer call() throws IOException, RunnerException {
    if (rounds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--rounds: expected 1 or more, got " + rounds);
    }
    print(earlier == null ? measure() : Arguments.results(spec, earlier));
    return 0;
  }

  private static void print(JsonNode document) {
    System.out.println(ResultFile.origin(document));
    Measurements measurements = new Measurements(document);
    System.out.println(new Tables(measurements).tables());
    System.out.println(new Goals(measurements).table());
  }

  private JsonNode measure() throws IOException, RunnerException {
    for (String each : new String[] {"mnist.onnx", "checkpoint.zip"}) {
      Arguments.file(spec, Path.of("../output", each), "train in the root first");
    }
    String date = ResultFile.date();
    Path file =
        quick
            ? Path.of("target", "quick.json")
            : Path.of("results", "comparison-" + date.replace(":", "") + ".json");
    List<Case> cases = Case.all();
    Jmh jmh = quick ? Jmh.QUICK : Jmh.NORMAL;
    int total = quick ? 1 : rounds;
    double seconds = cases.size() * jmh.seconds();
    System.err.printf(
        "%d rounds of %d JVMs, about %.0f minutes; results go to %s%n",
        total, cases.size(), total * seconds / 60 + COLD_START_MINUTES, file);
    ObjectNode document = ResultFile.newDocument(date);
    document.put("times", jmh.toString());
    for (int round = 1; round <= total; round++) {
      ArrayNode results = document.withArray("rounds").addArray();
      for (Case c : inTurn(cases, round)) {
        System.err.printf("round %d of %d: %s%n", round, total, c);
        results.addAll(jmh.run(c));
        ResultFile.write(file, document); // what there is, should a later one fail
      }
    }
    System.err.println("cold start");
    ArrayNode coldStart = document.withArray("coldStart");
    coldStart.addAll(Jmh.runColdStart("firstAnswer", quick ? 2 : 20, 1));
    coldStart.addAll(Jmh.runColdStart("command", 1, quick ? 2 : 10));
    ResultFile.write(file, document);
    return document;
  }

  /** Returns cases that are compared one after another, their order another in each round. */
  private static List<Case> inTurn(List<Case> cases, int round) {
    List<Case> order = new ArrayList<>(cases);
    Collections.shuffle(order, new Random(round));
    order.sort(Comparator.comparingInt(Case::batch)); // stable
    return order;
  }
}
