// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.train.OptimizerKind;
import dev.coracle.train.TrainingOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The settings of training, wherever it runs: the options of {@code train} and, by the same names,
 * the hyperparameters of a SageMaker job.
 */
@Command
final class TrainingArguments {

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
      converter = Converters.Seed.class,
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
      converter = Converters.Threads.class,
      description = {
        "Threads of libtorch on the CPU, 1024 at most; 1 makes runs on it repeatable bit by bit.",
        "  Default: all cores"
      })
  private @Nullable Integer threads;

  @Option(
      names = "--input-type",
      paramLabel = "TYPE",
      defaultValue = "float32",
      converter = Converters.InputTypeName.class,
      description = InputType.DESCRIPTION)
  private InputType inputType = InputType.FLOAT32;

  @Option(
      names = "--dry-run",
      converter = Converters.Flag.class, // a hyperparameter has a value
      description = "Train one step, try everything after it, write nothing.")
  private boolean dryRun;

  /** Returns the options of a run; the caller adds where its files go. */
  TrainingOptions.Builder options() {
    if (threads != null) {
      System.setProperty("ai.djl.pytorch.num_threads", threads.toString());
    }
    return TrainingOptions.builder()
        .epochs(epochs)
        .batchSize(batchSize)
        .testBatchSize(testBatchSize)
        .learningRate(learningRate)
        .gamma(gamma)
        .optimizer(optimizer)
        .seed(seed)
        .dryRun(dryRun)
        .device(device);
  }

  InputType inputType() {
    return inputType;
  }

  int logInterval() {
    return logInterval;
  }
}
