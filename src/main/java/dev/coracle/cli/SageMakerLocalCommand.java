// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.sagemaker.LocalEndpoint;
import dev.coracle.sagemaker.LocalTraining;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains, packs, serves and sends requests, as SageMaker does, on this machine. */
@Command(
    name = "local",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Does on this machine what SageMaker does with a container, without Docker: a training job,"
          + " model.tar.gz, an endpoint, requests to it, SIGTERM.",
      "",
      "Fails where SageMaker would: when training fails, the endpoint is not ready or answers an"
          + " error, or the program has to be killed."
    })
final class SageMakerLocalCommand implements Callable<Integer> {

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  private static final Pattern INDEX = Pattern.compile("\"index\":(\\d+)");

  /** What a container logs first of all; here it would push what is done off the screen. */
  private static final Pattern VARIABLE = Pattern.compile("(algo-\\d+ \\| )?SM_[^ =]+=.*");

  private static final int INTERRUPTED = 130; // as shells report Ctrl-C

  private final Terminal terminal;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "datasets/mnist",
      description = "Folder of the four idx files: the channels training and testing.")
  private Path dataDir = Path.of("");

  @Option(
      names = "--output-dir",
      paramLabel = "DIR",
      defaultValue = "output/sagemaker",
      description = "Where model.tar.gz and output.tar.gz go.")
  private Path outputDir = Path.of("");

  @Option(
      names = {"-H", "--hyperparameter"},
      paramLabel = "NAME=VALUE",
      showDefaultValue = Visibility.NEVER,
      description = "An option of train, such as epochs=3; may be given repeatedly.")
  private Map<String, String> hyperparameters = new LinkedHashMap<>();

  @Option(
      names = "--hosts",
      paramLabel = "N",
      defaultValue = "1",
      converter = Converters.AtLeastOne.class,
      description = "Hosts of the training job.")
  private int hosts;

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "100",
      converter = Converters.AtLeastOne.class,
      description = "Test images to send to the endpoint in each format; as PNG, one.")
  private int images;

  @Option(
      names = "--program",
      paramLabel = "FILE",
      description = {
        "What the image would start with train or serve, such as the bin/coracle of a"
            + " distribution with sagemaker after it.",
        "  Default: this program"
      },
      arity = "1..*")
  private @Nullable List<String> program;

  @Spec private @Nullable CommandSpec spec;

  SageMakerLocalCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Thread self = Thread.currentThread();
    StopSignal.handle(self::interrupt); // the programs must not outlive this one
    try {
      run();
      return 0;
    } catch (InterruptedException e) {
      terminal.error("coracle: interrupted; the programs have been stopped");
      return INTERRUPTED;
    }
  }

  private void run() throws InterruptedException {
    if (program == null) {
      MissingDependency.require("ai.djl.nn.Block");
    }
    ImageSet test = Mnist.read(dataDir).test();
    ThisProgram self = ThisProgram.find();
    List<String> command = program == null ? self.command("sagemaker") : program;
    Map<String, String> environment = program == null ? self.environment() : Map.of();
    try (TemporaryFolder root = TemporaryFolder.create()) {
      Path model = train(command, environment, root.path());
      serve(
          command,
          environment,
          root.path().resolve("endpoint"),
          model,
          test.first(Math.min(images, test.size())));
    }
  }

  private Path train(List<String> command, Map<String, String> environment, Path root)
      throws InterruptedException {
    String job = "coracle-local-" + TIME.format(LocalDateTime.now(ZoneOffset.UTC));
    terminal.printf("Training job %s on %d %s%n", job, hosts, hosts == 1 ? "host" : "hosts");
    long start = System.nanoTime();
    Path model =
        new LocalTraining(
                command,
                environment,
                hyperparameters,
                Map.of("training", dataDir, "testing", dataDir),
                hosts,
                this::log)
            .run(job, root.resolve("training"), outputDir);
    terminal.printf("Trained in %.1f s: %s, %,d bytes%n", seconds(start), model, size(model));
    return model;
  }

  private void serve(
      List<String> command, Map<String, String> environment, Path root, Path model, ImageSet test)
      throws InterruptedException {
    long stop;
    try (LocalEndpoint endpoint =
        LocalEndpoint.start(command, environment, model, root, this::log)) {
      terminal.printf(
          "Endpoint on port %d: /ping answered 200 after %.2f s%n",
          endpoint.port(), endpoint.startTime().toNanos() / 1e9);
      for (Map.Entry<String, byte[]> request : Requests.of(test).entrySet()) {
        ask(endpoint, request.getKey(), request.getValue(), test);
      }
      stop = System.nanoTime();
    }
    terminal.printf("Stopped by SIGTERM after %.1f s%n", seconds(stop));
  }

  private void ask(LocalEndpoint endpoint, String type, byte[] body, ImageSet test)
      throws InterruptedException {
    long start = System.nanoTime();
    byte[] answer = endpoint.invoke(type, "application/json", body);
    double millis = 1000 * seconds(start);
    Matcher index = INDEX.matcher(new String(answer, StandardCharsets.UTF_8));
    int count = 0;
    int right = 0;
    while (index.find()) {
      right += Integer.parseInt(index.group(1)) == test.label(count++) ? 1 : 0;
    }
    terminal.printf(
        "POST /invocations %-28s %,9d bytes: %d of %d digits right, %.0f ms%n",
        type, body.length, right, count, millis);
    if (count == 0) {
      throw new CoracleException(
          "the endpoint's answer has no predictions: "
              + new String(answer, StandardCharsets.UTF_8));
    }
  }

  private void log(String line) {
    if (Main.isVerbose(Objects.requireNonNull(spec)) || !VARIABLE.matcher(line).matches()) {
      terminal.println("  | " + line);
    }
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new CoracleException("cannot read " + file + ": " + CoracleException.reason(e), e);
    }
  }
}
