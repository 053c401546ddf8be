// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.aws.Aws;
import dev.coracle.aws.Invocation;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends files to an endpoint. */
@Command(
    name = "invoke",
    sortOptions = false,
    showDefaultValues = true,
    description = "Sends files to a SageMaker endpoint and prints its answers, one line a file.")
final class InvokeCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "Name of the endpoint.")
  private String name = "";

  @Parameters(
      paramLabel = "FILE",
      arity = "1..*",
      showDefaultValue = Visibility.NEVER,
      description = "Pictures (.png, .jpg, .jpeg), .json, .csv, .npy; a .raw is sent as bytes.")
  private List<Path> files = List.of();

  @Mixin private AwsOptions aws = new AwsOptions();

  InvokeCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    files.forEach(Invocation::contentType); // a wrong extension is reported before anything is sent
    try (Aws cloud = aws.open()) {
      for (Path file : files) {
        terminal.println(file + ": " + Invocation.invoke(cloud, name, file));
      }
    } catch (IllegalArgumentException e) {
      throw aws.usage(e);
    }
    return 0;
  }
}
