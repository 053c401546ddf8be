// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.dataset.Mnist;
import dev.coracle.train.OptimizerKind;
import dev.coracle.train.TrainingOptions;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains, exports, verifies, reports and classifies a few samples. */
@Command(
    name = "train",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Trains on MNIST, exports to ONNX, verifies the file and writes a report.",
      "",
      "Any set of the same form will do, such as Fashion-MNIST. The exported file is run in ONNX"
          + " Runtime over all test images and compared with the network."
    })
final class TrainCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "datasets/mnist",
      description = "Folder of the four idx files, .gz or plain.")
  private Path dataDir = Path.of("");

  @Option(
      names = "--output-dir",
      paramLabel = "DIR",
      defaultValue = "output",
      description = "Where mnist.onnx, report.html and metrics.jsonl go.")
  private Path outputDir = Path.of("");

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "1",
      converter = Converters.AtLeastOne.class,
      description = "Passes over the training images.")
  private int epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "100",
      converter = Converters.AtLeastOne.class,
      description = "Images in a step.")
  private int batchSize;

  @Option(
      names = "--test-batch-size",
      paramLabel = "N",
      defaultValue = "100",
      converter = Converters.AtLeastOne.class,
      description = "Images evaluated at once.")
  private int testBatchSize;

  @Option(
      names = "--lr",
      paramLabel = "RATE",
      defaultValue = "1.0",
      converter = Converters.AboveZero.class,
      description = "Learning rate of the first epoch.")
  private float learningRate;

  @Option(
      names = "--gamma",
      paramLabel = "FACTOR",
      defaultValue = "0.7",
      converter = Converters.UpToOne.class,
      description = "Factor of the learning rate after each epoch.")
  private float gamma;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      defaultValue = "adadelta",
      converter = Converters.OptimizerName.class,
      description = "adadelta, adam, adamw or sgd; adam and adamw want --lr 0.001, sgd 0.1.")
  private OptimizerKind optimizer = OptimizerKind.ADADELTA;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Decides initial weights, order of the images and dropout.")
  private int seed;

  @Option(
      names = "--log-interval",
      paramLabel = "N",
      defaultValue = "100",
      converter = Converters.AtLeastOne.class,
      description = "Steps between two log lines.")
  private int logInterval;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "auto",
      converter = Converters.DeviceName.class,
      description = "cpu, gpu, gpu:N, or auto: a GPU if there is one.")
  private String device = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER,
      converter = Converters.AtLeastOne.class,
      description =
          "Threads of libtorch on the CPU; 1 makes runs repeatable bit by bit. Default: all cores.")
  private @Nullable Integer threads;

  @Option(
      names = "--input-type",
      paramLabel = "TYPE",
      defaultValue = "float32",
      converter = Converters.InputTypeName.class,
      description = InputType.DESCRIPTION)
  private InputType inputType = InputType.FLOAT32;

  @Option(
      names = "--checkpoint-dir",
      paramLabel = "DIR",
      description = "Where checkpoint.zip goes after each epoch. Default: the output folder.")
  private @Nullable Path checkpointDir;

  @Option(names = "--resume", description = "Continue from the checkpoint; give the same options.")
  private boolean resume;

  @Option(
      names = "--dry-run",
      description = "Train one step, try everything after it, write nothing.")
  private boolean dryRun;

  TrainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    if (threads != null) {
      System.setProperty("ai.djl.pytorch.num_threads", threads.toString());
    }
    TrainingOptions options =
        TrainingOptions.builder()
            .epochs(epochs)
            .batchSize(batchSize)
            .testBatchSize(testBatchSize)
            .learningRate(learningRate)
            .gamma(gamma)
            .optimizer(optimizer)
            .seed(seed)
            .dryRun(dryRun)
            .device(device)
            .checkpointFolder(checkpointDir == null ? outputDir : checkpointDir)
            .resume(resume)
            .build();
    Mnist data = Mnist.read(dataDir);
    new TrainingPipeline(terminal, options, data, dataDir, outputDir, inputType, logInterval).run();
    return 0;
  }
}
