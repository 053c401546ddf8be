// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.stream.Collectors;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Lays out the help of all commands alike, and never hides an option that is required. */
final class HelpPage extends Help {

  HelpPage(CommandSpec command, ColorScheme colours) {
    super(command, colours);
    UsageMessageSpec usage = command.usageMessage();
    usage.parameterListHeading("%n");
    usage.optionListHeading(command.positionalParameters().isEmpty() ? "%n" : "");
    usage.commandListHeading("%nCommands:%n");
    if (command.parent() != null && !command.subcommands().isEmpty()) {
      usage.footer("", command.qualifiedName() + " COMMAND --help tells more.");
    }
  }

  @Override
  public String abbreviatedSynopsis() {
    String required =
        commandSpec().options().stream()
            .filter(OptionSpec::required)
            .map(option -> option.longestName() + "=" + option.paramLabel() + " ")
            .collect(Collectors.joining());
    return super.abbreviatedSynopsis().replace("[OPTIONS]", required + "[OPTIONS]");
  }
}
