// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Checks what a program was given, before it measures for minutes. */
public final class Arguments {

  private Arguments() {}

  /**
   * Returns a file that is there.
   *
   * @param otherwise what to do where it is not
   * @throws ParameterException otherwise, which picocli shows in a line above the usage
   */
  public static Path file(CommandSpec command, Path file, String otherwise) {
    if (!Files.isRegularFile(file)) {
      throw new ParameterException(
          command.commandLine(),
          "%s is no file; run in the folder benchmarks; %s".formatted(file, otherwise));
    }
    return file;
  }

  /** Returns the results that a program's {@code --print} names. */
  public static JsonNode results(CommandSpec command, Path file) throws IOException {
    return ResultFile.read(file(command, file, "name one of the folder results"));
  }
}
