// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import dev.coracle.dataset.Mnist;
import dev.coracle.dataset.MnistFile;
import dev.coracle.sagemaker.ContainerFolders;
import dev.coracle.sagemaker.Failure;
import dev.coracle.sagemaker.TrainingEnvironment;
import dev.coracle.sagemaker.TrainingEnvironment.Channel;
import dev.coracle.sagemaker.TrainingMetrics;
import dev.coracle.train.Checkpoint;
import dev.coracle.train.MetricsListener;
import dev.coracle.train.TrainingOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs a SageMaker training job, in the container or in a folder with the same layout. */
final class SageMakerTraining {

  private static final List<String> TRAINING = List.of("training", "train");
  private static final List<String> TESTING = List.of("testing", "test", "validation");

  private static final List<MnistFile> TRAINING_FILES =
      List.of(MnistFile.TRAIN_IMAGES, MnistFile.TRAIN_LABELS);
  private static final List<MnistFile> TESTING_FILES =
      List.of(MnistFile.TEST_IMAGES, MnistFile.TEST_LABELS);

  /**
   * In the order of their names, in which SageMaker puts the objects below a prefix into a pipe.
   */
  private static final List<MnistFile> ALL_FILES =
      List.of(
          MnistFile.TEST_IMAGES,
          MnistFile.TEST_LABELS,
          MnistFile.TRAIN_IMAGES,
          MnistFile.TRAIN_LABELS);

  private final Terminal terminal;
  private final Map<String, String> variables;
  private @Nullable TrainingPipeline running;
  private boolean stopped;

  /**
   * @param variables of the process
   */
  SageMakerTraining(Terminal terminal, Map<String, String> variables) {
    this.terminal = terminal.plain(); // local modes give a terminal, but log its output
    this.variables = variables;
  }

  /** A job whose settings are valid and whose data are loaded. */
  private record Job(
      ContainerFolders folders, TrainingArguments arguments, TrainingOptions options, Mnist data) {}

  /**
   * Runs the job. Failures are also written to output/failure.
   *
   * @return the exit status: 0, or 2 where hyperparameters, channels or folders are invalid
   */
  int run() {
    Failure.Kind kind = Failure.Kind.CLIENT_ERROR;
    try {
      Job job = prepare();
      kind = Failure.Kind.ALGORITHM_ERROR;
      if (job != null) {
        run(job);
      }
      return 0;
    } catch (RuntimeException | Error e) {
      if (kind == Failure.Kind.CLIENT_ERROR && e instanceof CoracleException) {
        writeFailure(kind, e);
        terminal.error("coracle: " + e.getMessage());
        return CommandLine.ExitCode.USAGE;
      }
      writeFailure(Failure.Kind.ALGORITHM_ERROR, e);
      throw e;
    }
  }

  /** Ends the training after the current step; the result so far is written as usual. */
  synchronized void stop() {
    terminal.println("Told to stop: the step under way is the last one");
    stopped = true;
    if (running != null) {
      running.stop();
    }
  }

  private void run(Job job) {
    TrainingPipeline pipeline =
        new TrainingPipeline(terminal, job.arguments, job.options, job.data, job.folders.data());
    pipeline.listen(
        new MetricsListener() {
          @Override
          public void onEpoch(Epoch epoch) {
            terminal.println(
                TrainingMetrics.line(
                    epoch.epoch(),
                    epoch.trainLoss(),
                    epoch.testLoss(),
                    epoch.testAccuracy(),
                    epoch.imagesPerSecond()));
          }
        });
    synchronized (this) {
      running = pipeline;
      if (stopped) {
        pipeline.stop();
      }
    }
    pipeline.run(job.folders.model(), job.folders.outputData());
  }

  /** Returns null where this host has nothing to do. */
  private @Nullable Job prepare() {
    TrainingEnvironment environment = TrainingEnvironment.read(variables);
    environment.loggedVariables().forEach((name, value) -> terminal.println(name + "=" + value));
    if (environment.rank() > 0) {
      terminal.printf(
          "This is host %s, rank %d of %d. Training is not distributed yet: %s trains alone and"
              + " writes the model; use one instance%n",
          environment.currentHost(),
          environment.rank(),
          environment.hosts().size(),
          environment.hosts().get(0));
      return null;
    }
    TrainingArguments arguments = arguments(environment.hyperparameters());
    ContainerFolders folders = environment.folders();
    for (Path folder : List.of(folders.model(), folders.outputData(), folders.checkpoints())) {
      requireWritable(folder);
    }
    boolean resume = Files.exists(folders.checkpoints().resolve(Checkpoint.FILE_NAME));
    TrainingOptions options =
        arguments.options().checkpointFolder(folders.checkpoints()).resume(resume).build();
    return new Job(folders, arguments, options, data(environment));
  }

  private TrainingArguments arguments(SortedMap<String, String> hyperparameters) {
    TrainingArguments arguments = new TrainingArguments();
    CommandLine line = new CommandLine(arguments);
    List<String> options = new ArrayList<>();
    hyperparameters.forEach(
        (name, value) -> {
          String option = "--" + name;
          if (line.getCommandSpec().findOption(option) != null) {
            options.add(option + "=" + value);
          } else {
            terminal.error("coracle: " + unknown(line, name));
          }
        });
    try {
      line.parseArgs(options.toArray(String[]::new));
    } catch (ParameterException e) {
      throw new CoracleException(
          String.valueOf(e.getMessage())
              .replaceFirst("option '--([a-z-]+)'", "hyperparameter $1")
              .replaceAll("\\s*\\R\\s*", " "),
          e);
    }
    return arguments;
  }

  /** Warns about an unknown hyperparameter: if misspelt, the job trains with the default. */
  private static String unknown(CommandLine line, String name) {
    List<String> similar = List.of();
    try {
      line.parseArgs("--" + name);
    } catch (UnmatchedArgumentException e) {
      similar = e.getSuggestions();
    } catch (ParameterException e) {
      // no suggestion
    }
    return "unknown hyperparameter %s is ignored; %s"
        .formatted(
            name,
            similar.isEmpty()
                ? "train --help lists those that there are"
                : "did you mean " + similar.get(0).replaceFirst("^--", "") + "?");
  }

  private static void requireWritable(Path folder) {
    try {
      AtomicFile.requireWritable(folder);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write to %s (%s); SageMaker gives a container this folder, and run elsewhere %s names another"
              .formatted(folder, CoracleException.reason(e), ContainerFolders.BASE_DIR),
          e);
    }
  }

  private Mnist data(TrainingEnvironment environment) {
    SortedMap<String, Channel> channels = environment.channels();
    Channel training = find(channels, TRAINING);
    Channel testing = find(channels, TESTING);
    if (training != null && testing != null) {
      try (ChannelFolder trainingFolder = ChannelFolder.of(training, TRAINING_FILES);
          ChannelFolder testingFolder = ChannelFolder.of(testing, TESTING_FILES)) {
        return Mnist.read(trainingFolder.path(), testingFolder.path());
      }
    }
    if (channels.size() == 1) {
      Channel only = Objects.requireNonNull(channels.get(channels.firstKey()));
      try (ChannelFolder folder = ChannelFolder.of(only, ALL_FILES)) {
        return Mnist.read(folder.path());
      }
    }
    throw new CoracleException(
        "the job has the channels %s; expected training and testing, or one with all four files of MNIST"
            .formatted(channels.keySet()));
  }

  private static @Nullable Channel find(Map<String, Channel> channels, List<String> names) {
    for (String name : names) {
      Channel channel = channels.get(name);
      if (channel != null) {
        return channel;
      }
    }
    return null;
  }

  private void writeFailure(Failure.Kind kind, Throwable failure) {
    Path file = ContainerFolders.of(variables).failure();
    try {
      Failure.write(file, kind, Main.sentence(failure), failure);
    } catch (IOException e) {
      terminal.error("coracle: cannot write %s: %s".formatted(file, CoracleException.reason(e)));
    }
  }
}
