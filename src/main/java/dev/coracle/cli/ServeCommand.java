// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.inference.Classifier;
import dev.coracle.serving.InferenceServer;
import dev.coracle.serving.ServerOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Serves a model over HTTP until it is told to stop. */
@Command(
    name = "serve",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Serves a model over HTTP: a page to draw digits on, SageMaker's routes, the Open Inference"
          + " Protocol, and POST /api/classify.",
      "",
      "Prints one line of JSON for each request. SIGTERM and Ctrl-C let the requests under way"
          + " finish; the exit status is 0 then."
    })
final class ServeCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      description = {"ONNX file.", "  Default: output/" + TrainingPipeline.MODEL})
  private @Nullable Path model;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = {"Name of the model in /v2/models/NAME.", "  Default: the file's"})
  private @Nullable String name;

  @Option(
      names = "--models-dir",
      paramLabel = "DIR",
      description =
          "Instead of --model: start empty, and load and unload models from below this folder as"
              + " SageMaker's multi-model endpoints do.")
  private @Nullable Path modelsDir;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on; 0.0.0.0 for all, as in a container.")
  private String host = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8080",
      converter = Converters.Port.class,
      description = "Port to listen on; 0 takes a free one.")
  private int port;

  @Option(names = "--watch", description = "Reload the model when its file changes.")
  private boolean watch;

  @Option(
      names = "--max-body-bytes",
      paramLabel = "N",
      defaultValue = "33554432",
      converter = Converters.AtLeastOne.class,
      description = "Bytes that a request's body may have.")
  private int maxBodyBytes;

  @Option(
      names = "--max-queue",
      paramLabel = "N",
      defaultValue = "1024",
      converter = Converters.AtLeastOne.class,
      description = "Requests that may wait for the model; more are answered by 503.")
  private int maxQueue;

  @Option(
      names = "--max-batch",
      paramLabel = "N",
      defaultValue = "32",
      converter = Converters.AtLeastOne.class,
      description = "Images that run together.")
  private int maxBatch;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      defaultValue = "55",
      converter = Converters.AtLeastOne.class,
      description = "Time for an answer; then the request is answered by 503.")
  private int deadline;

  @Option(
      names = "--drain",
      paramLabel = "SECONDS",
      defaultValue = "20",
      converter = Converters.AtLeastOne.class,
      description = "Time for requests under way when the server is told to stop.")
  private int drain;

  @Option(names = "--quiet", description = "Print no line for each request.")
  private boolean quiet;

  @Spec private @Nullable CommandSpec spec;

  ServeCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    ServerOptions.Builder options = options();
    if (modelsDir == null) {
      TrainedFiles.requireModel(modelFile());
    }
    try {
      serve(terminal, served(), options, quiet);
    } catch (CoracleException e) {
      CoracleException told = ListenMessage.asOptions(e, host, port);
      if (told != e && modelsDir == null) {
        Classifier.open(modelFile()).close(); // another port does not help where this fails
      }
      throw told;
    }
    return 0;
  }

  /** Serves until a signal arrives; prints that {@code what} is served. */
  static void serve(Terminal terminal, String what, ServerOptions.Builder options, boolean quiet)
      throws InterruptedException {
    try (LineWriter log = new LineWriter(terminal.stream())) {
      if (!quiet) {
        options.requestLog(log);
      }
      CountDownLatch stop = new CountDownLatch(1);
      // Before the start: whoever sees the server ready may stop it, and expects exit status 0.
      StopSignal.handle(stop::countDown);
      try (InferenceServer server = InferenceServer.start(options.build())) {
        // Where signals cannot be handled, the JVM still runs this hook; otherwise it has no
        // effect.
        Thread hook = new Thread(server::close, "coracle-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        terminal.println("Serving " + what + " on " + server.uri() + " (Ctrl-C stops)");
        stop.await();
      }
    }
  }

  private String served() {
    return String.valueOf(modelsDir == null ? modelFile() : modelsDir);
  }

  private Path modelFile() {
    return model == null ? Path.of("output", TrainingPipeline.MODEL) : model;
  }

  private ServerOptions.Builder options() {
    if (modelsDir != null && (model != null || name != null || watch)) {
      throw usage("--models-dir starts with no model; leave out --model, --name and --watch");
    }
    if (modelsDir != null && !Files.isDirectory(modelsDir)) {
      throw new CoracleException(
          modelsDir + " is no folder; expected the one that models are put into");
    }
    try {
      ServerOptions.Builder options =
          ServerOptions.builder()
              .host(host)
              .port(port)
              .watch(watch)
              .maxBodyBytes(maxBodyBytes)
              .maxQueue(maxQueue)
              .maxBatch(maxBatch)
              .deadline(Duration.ofSeconds(deadline))
              .drainTimeout(Duration.ofSeconds(drain));
      if (modelsDir != null) {
        options.modelsFolder(modelsDir);
      } else {
        options.model(modelFile());
      }
      if (name != null) {
        options.name(name);
      }
      options.build(); // throws if something is wrong
      return options;
    } catch (IllegalArgumentException e) {
      // The library's messages begin with the name of the setter, which is replaced by the option.
      String setter = String.valueOf(e.getMessage()).split(" ", 2)[0];
      String option = "--" + setter.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      throw usage(option + String.valueOf(e.getMessage()).substring(setter.length()));
    }
  }

  private ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }
}
