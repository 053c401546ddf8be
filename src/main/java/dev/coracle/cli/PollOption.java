// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** The option of the commands that wait for AWS. */
final class PollOption {

  @Option(
      names = "--poll",
      paramLabel = "SECONDS",
      defaultValue = "10",
      converter = Converters.AtLeastOne.class,
      description = "Seconds between status checks.")
  private int seconds;

  Duration interval() {
    return Duration.ofSeconds(seconds);
  }
}
