// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks what a program was given, before it measures for minutes. */
public final class Arguments {

  private Arguments() {}

  /**
   * Returns a file that is there.
   *
   * @param advice what to do where it is not
   * @throws ParameterException where it is not; picocli shows that in a line above the usage
   */
  public static Path file(CommandSpec command, Path file, String advice) {
    try {
      return Load.existing(file.toString(), advice);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  /** Returns the results that a program's {@code --print} names. */
  public static JsonNode results(CommandSpec command, Path file) throws IOException {
    return ResultFile.read(file(command, file, "name a file in the folder results"));
  }
}
