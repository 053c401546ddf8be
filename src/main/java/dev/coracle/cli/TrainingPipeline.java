// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.report.DigitArt;
import dev.coracle.report.HtmlReport;
import dev.coracle.train.Devices;
import dev.coracle.train.Evaluation;
import dev.coracle.train.JsonLinesMetrics;
import dev.coracle.train.TrainingOptions;
import dev.coracle.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Takes images to a verified ONNX file and a report: what {@code train} does. */
final class TrainingPipeline {

  /** Name of the model in the output folder. */
  static final String MODEL = "mnist.onnx";

  private static final int SAMPLES = 6;

  private final Terminal terminal;
  private final TrainingOptions options;
  private final Mnist data;
  private final Path dataDir;
  private final Path outputDir;
  private final InputType inputType;
  private final int logInterval;

  TrainingPipeline(
      Terminal terminal,
      TrainingOptions options,
      Mnist data,
      Path dataDir,
      Path outputDir,
      InputType inputType,
      int logInterval) {
    this.terminal = terminal;
    this.options = options;
    this.data = data;
    this.dataDir = dataDir;
    this.outputDir = outputDir;
    this.inputType = inputType;
    this.logInterval = logInterval;
  }

  /**
   * Runs everything.
   *
   * @throws CoracleException also when the exported file disagrees with the network; an earlier one
   *     is then as it was
   */
  void run() {
    if (options.dryRun()) {
      Path temporary = temporaryFolder();
      try {
        run(temporary);
      } finally {
        deleteFolder(temporary);
      }
      terminal.println("Dry run: training, export and verification work; nothing was written.");
      return;
    }
    requireWritable(outputDir);
    if (options.checkpointFolder() != null) {
      requireWritable(options.checkpointFolder());
    }
    run(outputDir);
    terminal.printf(
        "%nWrote to %s: %s, report.html (open it in a browser), metrics.jsonl%n", outputDir, MODEL);
  }

  private void run(Path folder) {
    Path model = folder.resolve(MODEL);
    ReportListener report = new ReportListener();
    try (TrainingRun run = new TrainingRun(options, data.train(), data.test());
        JsonLinesMetrics json = openMetrics(folder.resolve("metrics.jsonl"))) {
      terminal.printf(
          "Training on %,d images from %s, testing on %,d; device %s, seed %d%n",
          data.train().size(),
          dataDir,
          data.test().size(),
          Devices.nameOf(run.device()),
          options.seed());
      if (options.resume()) {
        terminal.printf(
            "Resumed after epoch %d%s%n",
            run.epochsDone(),
            run.epochsDone() >= options.epochs()
                ? "; nothing left to train for --epochs " + options.epochs()
                : "");
      }
      Evaluation network;
      try (ConsoleMetrics console = new ConsoleMetrics(terminal, options.epochs(), logInterval)) {
        network = run.train(List.of(console, json, report));
      }
      ImageSet test = data.test().first(network.images());
      AtomicReference<@Nullable Agreement> checked = new AtomicReference<>();
      OnnxExporter.Report exported =
          NetExport.write(
              run.block(),
              inputType,
              network.accuracy(),
              data.train().sha256(),
              model,
              temporary -> checked.set(Agreement.require(network, temporary, test)));
      Agreement agreement = Objects.requireNonNull(checked.get());
      terminal.printf(
          "Exported %s: %,d bytes, opset %d%n", MODEL, exported.bytes(), OnnxExporter.OPSET);
      terminal.printf("ONNX Runtime against DJL: %s%n", agreement);
      HtmlReport.write(
          folder.resolve("report.html"),
          report.data(options, data, dataDir, run.device(), network, agreement, exported));
      classifySamples(model, test);
    } catch (IOException e) {
      throw new CoracleException("cannot close metrics.jsonl: " + CoracleException.reason(e), e);
    }
  }

  private void classifySamples(Path model, ImageSet test) {
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < Math.min(SAMPLES, test.size()); i++) {
      images.add(test.image(i));
    }
    List<DigitArt.Picture> pictures = new ArrayList<>();
    try (Classifier classifier = Classifier.open(model)) {
      List<Prediction> predictions = classifier.classify(images);
      for (int i = 0; i < images.size(); i++) {
        pictures.add(
            new DigitArt.Picture(
                images.get(i), test.rows(), test.columns(), predictions.get(i).toString()));
      }
    }
    DigitArt.Style style = DigitArt.Style.of(terminal.charset(), terminal.colour());
    terminal.printf("%n%s", DigitArt.sheet(pictures, terminal.width(), style));
  }

  private JsonLinesMetrics openMetrics(Path file) {
    try {
      return new JsonLinesMetrics(file, options);
    } catch (IOException e) {
      throw new CoracleException("cannot write " + file + ": " + CoracleException.reason(e), e);
    }
  }

  /** Finds out before the training, not after it. */
  private static void requireWritable(Path folder) {
    try {
      Files.createDirectories(folder);
      Files.delete(Files.createTempFile(folder, ".coracle", ".tmp"));
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write to folder %s (%s); choose another with --output-dir or --checkpoint-dir"
              .formatted(folder, CoracleException.reason(e)),
          e);
    }
  }

  private static Path temporaryFolder() {
    try {
      return Files.createTempDirectory("coracle");
    } catch (IOException e) {
      throw new CoracleException(
          "cannot make a temporary folder: " + CoracleException.reason(e), e);
    }
  }

  private static void deleteFolder(Path folder) {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new CoracleException("cannot delete " + folder + ": " + CoracleException.reason(e), e);
    }
  }
}
