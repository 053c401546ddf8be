// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.train.Evaluation;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs an ONNX file over the test images. */
@Command(
    name = "verify",
    sortOptions = false,
    showDefaultValues = true,
    description = {
      "Runs an ONNX file over the test images and prints its accuracy.",
      "",
      "With --checkpoint, also compares it with the network in DJL, image by image; exit status 1"
          + " if they disagree."
    })
final class VerifyCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Parameters(
      paramLabel = "MODEL",
      arity = "0..1",
      defaultValue = "output/" + TrainingPipeline.MODEL,
      description = "ONNX file.")
  private Path model = Path.of("");

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "datasets/mnist",
      description = "Folder of the four idx files, .gz or plain.")
  private Path dataDir = Path.of("");

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      description = "Checkpoint that the file was exported from.")
  private @Nullable Path checkpoint;

  VerifyCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    TrainedFiles.requireModel(model);
    ImageSet test = Mnist.read(dataDir).test();
    Evaluation file = Agreement.evaluate(model, test);
    terminal.printf(
        "%s in ONNX Runtime: %d/%d correct (%.2f %%), loss %.4f%n",
        model, file.correct(), file.images(), 100 * file.accuracy(), file.loss());
    if (checkpoint != null) {
      try (TrainedNet net = TrainedNet.load(checkpoint)) {
        Agreement agreement = Agreement.of(net.evaluate(test), file);
        terminal.printf("ONNX Runtime against DJL: %s%n", agreement);
        if (!agreement.holds()) {
          throw new CoracleException(
              "%s does not agree with checkpoint %s: %s".formatted(model, checkpoint, agreement));
        }
      }
    }
    return 0;
  }
}
