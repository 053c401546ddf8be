// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Groups the commands that run in a SageMaker container, imitate one, or call SageMaker. */
@Command(
    name = "sagemaker",
    sortOptions = false,
    description = "Trains and serves in Amazon SageMaker, or as SageMaker would on this machine.")
final class SageMakerCommand implements Runnable {

  static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>(); // as help lists them

  static {
    COMMANDS.put("train", SageMakerTrainCommand.class);
    COMMANDS.put("serve", SageMakerServeCommand.class);
    COMMANDS.put("local", SageMakerLocalCommand.class);
    COMMANDS.put("launch", LaunchCommand.class);
    COMMANDS.put("deploy", DeployCommand.class);
    COMMANDS.put("invoke", InvokeCommand.class);
    COMMANDS.put("delete", DeleteCommand.class);
  }

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw UsageMessage.commandMissing(Objects.requireNonNull(spec));
  }
}
