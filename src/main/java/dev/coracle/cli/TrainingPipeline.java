// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.AtomicFile;
import dev.coracle.CoracleException;
import dev.coracle.TemporaryFolder;
import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import dev.coracle.onnx.ExportReport;
import dev.coracle.onnx.OnnxExporter;
import dev.coracle.report.DigitArt;
import dev.coracle.report.HtmlReport;
import dev.coracle.train.Checkpoint;
import dev.coracle.train.Devices;
import dev.coracle.train.EarlierMetrics;
import dev.coracle.train.Evaluation;
import dev.coracle.train.JsonLinesMetrics;
import dev.coracle.train.MetricsListener;
import dev.coracle.train.TrainingOptions;
import dev.coracle.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns images into a verified ONNX file and a report: what {@code train} does. */
final class TrainingPipeline {

  /** Name of the model in the output folder. */
  static final String MODEL = "mnist.onnx";

  private static final String REPORT = "report.html";
  private static final String METRICS = "metrics.jsonl";
  private static final int SAMPLES = 6;

  private final Terminal terminal;
  private final TrainingOptions options;
  private final Mnist data;
  private final Path dataDir;
  private final TrainingArguments arguments;
  private final List<MetricsListener> listeners = new ArrayList<>();

  /** Guards the fields below. */
  private final Object lock = new Object();

  private @Nullable TrainingRun run;
  private boolean stopped;

  /**
   * @param dataDir where the data came from, for log and report
   */
  TrainingPipeline(
      Terminal terminal,
      TrainingArguments arguments,
      TrainingOptions options,
      Mnist data,
      Path dataDir) {
    this.terminal = terminal;
    this.arguments = arguments;
    this.options = options;
    this.data = data;
    this.dataDir = dataDir;
  }

  /** Adds a listener to the training. */
  void listen(MetricsListener listener) {
    listeners.add(listener);
  }

  /**
   * Ends the training after the current step; the network so far is evaluated and exported as
   * usual. May be called on any thread, also before and after the training.
   */
  void stop() {
    synchronized (lock) {
      stopped = true;
      if (run != null) {
        run.stop();
      }
    }
  }

  private void running(@Nullable TrainingRun now) {
    synchronized (lock) {
      run = now;
      if (stopped && now != null) {
        now.stop();
      }
    }
  }

  /**
   * Runs everything.
   *
   * @param outputDir receives mnist.onnx and report.html
   * @param metricsDir receives metrics.jsonl
   * @throws CoracleException also when the exported file disagrees with the network; an earlier
   *     file is then unchanged
   */
  void run(Path outputDir, Path metricsDir) {
    requireWritable(outputDir, MODEL, REPORT);
    requireWritable(metricsDir, METRICS);
    if (options.checkpointFolder() != null) {
      requireWritable(options.checkpointFolder(), Checkpoint.FILE_NAME);
    }
    if (options.dryRun()) {
      dryRun();
      return;
    }
    Written done = runIn(outputDir, metricsDir);
    Map<Path, String> written = new LinkedHashMap<>();
    written.put(outputDir, MODEL);
    if (done.report) {
      written.merge(outputDir, REPORT + " (open it in a browser)", "%s, %s"::formatted);
    }
    written.merge(metricsDir, METRICS, "%s, %s"::formatted);
    if (done.checkpoint && options.checkpointFolder() != null) {
      written.merge(options.checkpointFolder(), Checkpoint.FILE_NAME, "%s, %s"::formatted);
    }
    terminal.printf(
        "%nWrote to %s%n",
        written.entrySet().stream()
            .map(folder -> folder.getKey() + ": " + folder.getValue())
            .collect(Collectors.joining("; to ")));
  }

  private void dryRun() {
    try (TemporaryFolder temporary = TemporaryFolder.create()) {
      boolean trained = runIn(temporary.path(), temporary.path()).checkpoint;
      terminal.printf(
          "Dry run: %sexport and verification work; nothing was written.%n",
          trained ? "training, " : "no step was left to train; ");
    }
  }

  /** What a run may have written or not: the report where it would lose its curves. */
  private record Written(boolean checkpoint, boolean report) {}

  private Written runIn(Path folder, Path metricsDir) {
    Path model = folder.resolve(MODEL);
    ReportListener report = new ReportListener();
    Path metrics = metricsDir.resolve(METRICS);
    if (options.resume()) {
      replay(metrics, report);
    }
    try (TrainingRun run = new TrainingRun(options, data.train(), data.test());
        JsonLinesMetrics json = openMetrics(metrics)) {
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
      int epochsBefore = run.epochsDone();
      Evaluation network;
      try (ConsoleMetrics console =
          new ConsoleMetrics(terminal, options.epochs(), arguments.logInterval())) {
        listeners.addAll(List.of(console, json, report));
        running(run);
        network = run.train(listeners);
      } finally {
        running(null);
      }
      if (run.epochsDone() < options.epochs() && !options.dryRun()) {
        terminal.printf(
            "Stopped as asked to, after %d whole epochs of %d; accuracy %.2f %%%n",
            run.epochsDone(), options.epochs(), 100 * network.accuracy());
      }
      ImageSet test = data.test().first(network.images());
      Evaluation reference =
          run.device().isGpu() ? TrainedNet.evaluateOnCpu(run.block(), test) : network;
      AtomicReference<@Nullable Agreement> checked = new AtomicReference<>();
      ExportReport exported =
          NetExport.write(
              run.block(),
              arguments.inputType(),
              OnnxExporter.OPSET,
              false, // verified below, on all test images instead
              network.accuracy(),
              data.train().sha256(),
              model,
              temporary -> checked.set(Agreement.require(reference, temporary, test)));
      Agreement agreement = Objects.requireNonNull(checked.get());
      terminal.printf(
          "Exported %s: %,d bytes, opset %d%n", MODEL, exported.bytes(), exported.opset());
      terminal.printf("ONNX Runtime against DJL: %s%n", agreement);
      Path page = folder.resolve(REPORT);
      boolean trained = run.epochsDone() > epochsBefore;
      boolean reported = !options.resume() || report.hasEpochs() || !Files.exists(page);
      if (reported) {
        HtmlReport.write(
            page,
            report.data(
                options,
                arguments.inputType(),
                data,
                dataDir,
                run.device(),
                network,
                agreement,
                exported));
      } else {
        terminal.println(
            REPORT
                + " stays as it was: nothing was trained, and metrics.jsonl has no curves for it");
      }
      if (terminal.pictures()) {
        classifySamples(model, test);
      }
      return new Written(trained, reported);
    } catch (IOException e) {
      throw new CoracleException("cannot close metrics.jsonl: " + CoracleException.reason(e), e);
    }
  }

  /** Replays the earlier epochs to the report, so that its curves cover the whole training. */
  private void replay(Path metrics, ReportListener report) {
    Path folder = options.checkpointFolder();
    if (folder == null || !Files.exists(folder.resolve(Checkpoint.FILE_NAME))) {
      return; // which the run reports
    }
    try {
      EarlierMetrics.replay(metrics, Checkpoint.read(folder.resolve(Checkpoint.FILE_NAME)), report);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read %s: %s".formatted(metrics, CoracleException.reason(e)), e);
    }
  }

  private void classifySamples(Path model, ImageSet test) {
    List<byte[]> images = new ArrayList<>();
    int count = samples(test);
    for (int i = 0; i < count; i++) {
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
    terminal.draw(pictures);
  }

  /** On a terminal one row of pictures: more would push the numbers off the screen. */
  private int samples(ImageSet test) {
    int row = terminal.progress() ? terminal.width() / (test.columns() + 2) : SAMPLES;
    return Math.min(Math.max(1, Math.min(row, SAMPLES)), test.size());
  }

  private JsonLinesMetrics openMetrics(Path file) {
    try {
      return new JsonLinesMetrics(file, options);
    } catch (IOException e) {
      throw new CoracleException("cannot write " + file + ": " + CoracleException.reason(e), e);
    }
  }

  /** Makes folders that are not there; in a dry run for the moment of the check alone. */
  private void requireWritable(Path folder, String... files) {
    List<Path> passing = options.dryRun() ? missing(folder) : List.of();
    try {
      AtomicFile.requireWritable(folder);
      for (String file : files) {
        AtomicFile.requireReplaceable(folder.resolve(file));
      }
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write to folder %s (%s); choose another with --output-dir or --checkpoint-dir"
              .formatted(folder, CoracleException.reason(e)),
          e);
    } finally {
      passing.forEach(made -> made.toFile().delete()); // unless somebody has put something in it
    }
  }

  /** Returns a folder and those above it that are not there, the lowest first. */
  private static List<Path> missing(Path folder) {
    List<Path> missing = new ArrayList<>();
    for (Path path = folder.toAbsolutePath();
        path != null && !Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        path = path.getParent()) {
      missing.add(path);
    }
    return missing;
  }
}
