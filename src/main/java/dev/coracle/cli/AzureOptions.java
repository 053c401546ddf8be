// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.azure.DeploymentOptions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of all commands that talk to Azure. */
final class AzureOptions {

  @Option(
      names = "--name",
      paramLabel = "NAME",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "Name of the function app, which nobody else in Azure may have.")
  private String name = "";

  @Option(
      names = "--resource-group",
      paramLabel = "NAME",
      description = "Resource group, for this app alone. Default: coracle-NAME.")
  private @Nullable String resourceGroup;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  String name() {
    return name;
  }

  DeploymentOptions.Builder builder() {
    return DeploymentOptions.builder().name(name).resourceGroup(resourceGroup);
  }

  /** Returns the command that deletes, as the user would write it. */
  String deleteCommand() {
    return "coracle azure delete --name "
        + name
        + (resourceGroup == null ? "" : " --resource-group '" + resourceGroup + "'")
        + " --yes";
  }

  DeploymentOptions build(DeploymentOptions.Builder builder) {
    try {
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw usage(SetterMessage.asOption(e));
    }
  }

  ParameterException usage(String message) {
    return new ParameterException(Objects.requireNonNull(command).commandLine(), message);
  }
}
