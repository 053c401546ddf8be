// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.dataset.Mnist;
import dev.coracle.train.Checkpoint;
import dev.coracle.train.TrainingOptions;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains, exports, verifies, reports and classifies a few samples. */
@Command(
    name = "train",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Trains on MNIST, exports to ONNX, verifies the file and writes a report.",
      "",
      "Any set of the same form will do, such as Fashion-MNIST. The exported file is run in ONNX"
          + " Runtime over all test images and compared with the network."
    })
final class TrainCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "datasets/mnist",
      description = "Folder of the four idx files, .gz or plain.")
  private Path dataDir = Path.of("");

  @Option(
      names = "--output-dir",
      paramLabel = "DIR",
      defaultValue = "output",
      description = "Where mnist.onnx, report.html and metrics.jsonl go.")
  private Path outputDir = Path.of("");

  @Mixin private TrainingArguments arguments = new TrainingArguments();

  @Option(
      names = "--checkpoint-dir",
      paramLabel = "DIR",
      description = {"Where checkpoint.zip goes after each epoch.", "  Default: the output folder"})
  private @Nullable Path checkpointDir;

  @Option(names = "--resume", description = "Continue from the checkpoint; give the same options.")
  private boolean resume;

  TrainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Path checkpoints = checkpointDir == null ? outputDir : checkpointDir;
    if (resume) {
      TrainedFiles.requireCheckpoint(checkpoints.resolve(Checkpoint.FILE_NAME));
    }
    TrainingOptions options =
        arguments.options().checkpointFolder(checkpoints).resume(resume).build();
    Mnist data = Mnist.read(dataDir);
    TrainingPipeline pipeline = new TrainingPipeline(terminal, arguments, options, data, dataDir);
    pipeline.run(outputDir, outputDir);
    return 0;
  }
}
