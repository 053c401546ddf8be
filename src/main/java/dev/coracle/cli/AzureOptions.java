// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.azure.DeploymentOptions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of all commands that talk to Azure, but for the name of the app. */
final class AzureOptions {

  @Option(
      names = "--resource-group",
      paramLabel = "NAME",
      description = {"Resource group, for this app alone.", "  Default: coracle-NAME"})
  private @Nullable String resourceGroup;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec command;

  DeploymentOptions.Builder builder(String name) {
    return DeploymentOptions.builder().name(name).resourceGroup(resourceGroup);
  }

  /** Returns the command that deletes, as the user would write it. */
  String deleteCommand(String name) {
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
