// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what is wrong with a command line; picocli's own words do not always tell what to do. */
final class UsageMessage {

  private static final Pattern NO_ENTRY =
      Pattern.compile(
          "Value for option option ('[^']*') \\(.*\\) should be in KEY=VALUE format but was (.*)");

  private UsageMessage() {}

  static String of(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      return unmatched(unmatched);
    }
    String message = String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
    return NO_ENTRY
        .matcher(message)
        .replaceFirst("Invalid value for option $1: expected NAME=VALUE, got '$2'");
  }

  /** Names the first alone: the next may be the value of an option that there is not. */
  private static String unmatched(UnmatchedArgumentException e) {
    CommandLine command = e.getCommandLine();
    String given = e.getUnmatched().get(0);
    String similar = e.getSuggestions().isEmpty() ? null : e.getSuggestions().get(0);
    if (e.isUnknownOption()) {
      return option(command, given.split("=", 2)[0], similar);
    }
    if (command.getSubcommands().isEmpty()) {
      return "unexpected argument '%s'".formatted(given);
    }
    return "no command '%s'; %s"
        .formatted(
            given,
            similar == null ? "expected " + commands(command.getCommandSpec()) : meant(similar));
  }

  private static String option(CommandLine command, String name, @Nullable String similar) {
    boolean isOfACommand =
        command.getSubcommands().values().stream()
            .anyMatch(below -> below.getCommandSpec().findOption(name) != null);
    if (isOfACommand) {
      return "no option '%s' here; options come after a command, such as train".formatted(name);
    }
    return "no option '%s'%s".formatted(name, similar == null ? "" : "; " + meant(similar));
  }

  private static String meant(String name) {
    return "did you mean '%s'?".formatted(name);
  }

  /** Returns what to throw where a command has only others below it. */
  static ParameterException commandMissing(CommandSpec spec) {
    String after = spec.parent() == null ? "" : " after " + spec.name();
    return new ParameterException(
        spec.commandLine(), "expected a command%s: %s".formatted(after, commands(spec)));
  }

  private static String commands(CommandSpec spec) {
    List<String> names = new ArrayList<>(spec.subcommands().keySet());
    String last = names.remove(names.size() - 1);
    return String.join(", ", names) + " or " + last;
  }
}
