// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.azure.FunctionArchive;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes the archive of a function app. */
@Command(
    name = "package",
    sortOptions = false,
    showDefaultValues = true,
    description =
        "Writes the zip file that Azure Functions runs: mnist_classify at /api/classify, with a"
            + " model and ONNX Runtime for Linux x64.")
final class AzurePackageCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      description = {"ONNX file.", "  Default: output/" + TrainingPipeline.MODEL})
  private @Nullable Path model;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      defaultValue = "output/app.zip",
      description = "The zip file; replaced as a whole, and only if all went well.")
  private Path output = Path.of("");

  AzurePackageCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Path file = model == null ? Path.of("output", TrainingPipeline.MODEL) : model;
    TrainedFiles.requireModel(file);
    FunctionArchive.write(file, output);
    terminal.printf("Wrote %s, %,d bytes%n", output, output.toFile().length());
    return 0;
  }
}
