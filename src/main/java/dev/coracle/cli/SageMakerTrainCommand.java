// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Runs a training job inside a SageMaker container. */
@Command(
    name = "train",
    sortOptions = false,
    description = {
      "Runs the training job that /opt/ml/input describes, as SageMaker starts it in a container.",
      "",
      "Hyperparameters have the names of the options of train, without the dashes. The channels are"
          + " training and testing, or one with all four files. SAGEMAKER_BASE_DIR names another"
          + " folder than /opt/ml. SIGTERM ends the training, and what has been learned is written."
    })
final class SageMakerTrainCommand implements Callable<Integer> {

  private final Terminal terminal;

  SageMakerTrainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    SageMakerTraining training = new SageMakerTraining(terminal, System.getenv());
    StopSignal.handle(training::stop);
    return training.run();
  }
}
