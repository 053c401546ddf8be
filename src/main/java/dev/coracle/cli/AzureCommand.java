// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Groups the commands that make an Azure function of a model. */
@Command(
    name = "azure",
    sortOptions = false,
    description = "Makes an Azure function of a model, tries it on this machine, and deploys it.")
final class AzureCommand implements Runnable {

  static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>(); // as help lists them

  static {
    COMMANDS.put("package", AzurePackageCommand.class);
    COMMANDS.put("run", AzureRunCommand.class);
    COMMANDS.put("deploy", AzureDeployCommand.class);
    COMMANDS.put("delete", AzureDeleteCommand.class);
  }

  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw UsageMessage.commandMissing(Objects.requireNonNull(spec));
  }
}
