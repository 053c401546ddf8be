// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.onnx.ExportReport;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.train.Checkpoint;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes a checkpoint as an ONNX file. */
@Command(
    name = "export",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Writes the network of a checkpoint as an ONNX file.",
      "",
      "Runs the file in ONNX Runtime beside the network, on random images of batches from 1 to 64; where"
          + " they disagree, nothing is written, and the exit status is 1."
    })
final class ExportCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      defaultValue = "output/" + Checkpoint.FILE_NAME,
      description = "Checkpoint that train wrote.")
  private Path checkpoint = Path.of("");

  @Option(
      names = "--output",
      paramLabel = "FILE",
      defaultValue = "output/" + TrainingPipeline.MODEL,
      description = "ONNX file to write; an existing one is replaced.")
  private Path output = Path.of("");

  @Option(
      names = "--input-type",
      paramLabel = "TYPE",
      defaultValue = "float32",
      converter = Converters.InputTypeName.class,
      description = InputType.DESCRIPTION)
  private InputType inputType = InputType.FLOAT32;

  @Option(
      names = "--opset",
      paramLabel = "N",
      defaultValue = "" + OnnxExporter.OPSET,
      converter = Converters.Opset.class,
      description = "Version of ONNX's operators, 13 to 21; ONNX Runtime 1.12 reads up to 17.")
  private int opset = OnnxExporter.OPSET;

  ExportCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    try (TrainedNet net = TrainedNet.load(checkpoint)) {
      ExportReport report =
          NetExport.write(
              net.block(),
              inputType,
              opset,
              true,
              net.checkpoint().testAccuracy(),
              net.checkpoint().dataSha256(),
              output,
              temporary -> {});
      terminal.printf(
          "Exported %s: %,d bytes, opset %d, operators %s%n",
          output, report.bytes(), report.opset(), String.join(" ", report.operators()));
      terminal.printf(
          "ONNX Runtime: %s%n",
          report
              .verification()
              .map(Object::toString)
              .orElse("not on the class path, so nothing was verified"));
    }
    return 0;
  }
}
