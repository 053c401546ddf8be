// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What runs inside a SageMaker container, the same without one, and what talks to SageMaker. */
@Command(
    name = "sagemaker",
    sortOptions = false,
    subcommands = {
      LaunchCommand.class,
      DeployCommand.class,
      InvokeCommand.class,
      DeleteCommand.class
    },
    description = "Trains and serves in Amazon SageMaker, or as SageMaker would on this machine.")
final class SageMakerCommand implements Runnable {

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "expected a command after sagemaker");
  }
}
