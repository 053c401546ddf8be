// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.coracle.Version;
import dev.coracle.dataset.ImageSet;
import dev.coracle.dataset.Mnist;
import dev.coracle.dataset.MnistCheck;
import dev.coracle.net.Net;
import dev.coracle.onnx.ExportReport;
import dev.coracle.report.ReportData;
import dev.coracle.report.ReportData.Fact;
import dev.coracle.train.Devices;
import dev.coracle.train.Evaluation;
import dev.coracle.train.MetricsListener;
import dev.coracle.train.TrainingOptions;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Collects the metrics of a run and puts the report's data together. */
final class ReportListener implements MetricsListener {

  private final List<ReportData.LossPoint> losses = new ArrayList<>();
  private final List<ReportData.Epoch> epochs = new ArrayList<>();

  @Override
  public void onStep(Step step) {
    double position = step.epoch() - 1 + (double) step.images() / step.imagesInAll();
    losses.add(new ReportData.LossPoint(position, step.loss()));
  }

  @Override
  public void onEpoch(Epoch epoch) {
    epochs.add(
        new ReportData.Epoch(
            epoch.epoch(),
            epoch.trainLoss(),
            epoch.testLoss(),
            epoch.testAccuracy(),
            epoch.seconds(),
            epoch.imagesPerSecond(),
            epoch.learningRate()));
  }

  /** Tells whether there is a curve to draw. */
  boolean hasEpochs() {
    return !epochs.isEmpty();
  }

  ReportData data(
      TrainingOptions options,
      InputType inputType,
      Mnist data,
      Path dataDir,
      Device device,
      Evaluation network,
      Agreement agreement,
      ExportReport exported) {
    ImageSet test = data.test().first(network.images());
    return new ReportData(
        "Net on " + name(dataDir),
        facts(data, dataDir, device),
        options(options, inputType),
        losses,
        epochs,
        new ReportData.TestSet(
            test.rows(),
            test.columns(),
            bytes(test.pixels()),
            bytes(test.labels()),
            IntStream.range(0, Net.CLASSES).mapToObj(String::valueOf).toList(),
            network.logProbabilities()),
        new ReportData.OnnxCheck(
            agreement.images(),
            agreement.same(),
            agreement.largestDifference(),
            Agreement.TOLERANCE,
            TrainingPipeline.MODEL,
            exported.opset(),
            exported.bytes()));
  }

  /** A container's folders are named after channels, not after what is in them. */
  private static String name(Path folder) {
    if (MnistCheck.check(folder).stream().allMatch(MnistCheck::published)) {
      return "MNIST";
    }
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return String.valueOf(last == null ? folder : last);
  }

  private static List<Fact> facts(Mnist data, Path dataDir, Device device) {
    return List.of(
        new Fact("Data", dataDir.toString()),
        new Fact(
            "Images",
            String.format(
                Locale.ROOT,
                "%,d for training, %,d for testing",
                data.train().size(),
                data.test().size())),
        new Fact("Training data (SHA-256)", data.train().sha256()),
        new Fact("Device", Devices.nameOf(device)),
        new Fact("Processors", Integer.toString(Runtime.getRuntime().availableProcessors())),
        new Fact("Coracle", Version.CORACLE),
        new Fact("DJL", Engine.getDjlVersion()),
        new Fact("libtorch", Engine.getEngine("PyTorch").getVersion()),
        new Fact("Java", System.getProperty("java.vm.name") + " " + Runtime.version()),
        new Fact("System", System.getProperty("os.name") + " " + System.getProperty("os.arch")));
  }

  private static List<Fact> options(TrainingOptions options, InputType inputType) {
    return List.of(
        new Fact("--epochs", Integer.toString(options.epochs())),
        new Fact("--batch-size", Integer.toString(options.batchSize())),
        new Fact("--test-batch-size", Integer.toString(options.testBatchSize())),
        new Fact("--lr", Float.toString(options.learningRate())),
        new Fact("--gamma", Float.toString(options.gamma())),
        new Fact("--optimizer", options.optimizer().name().toLowerCase(Locale.ROOT)),
        new Fact("--seed", Integer.toString(options.seed())),
        new Fact("--device", options.device()),
        new Fact("--input-type", inputType.name().toLowerCase(Locale.ROOT)),
        new Fact("--resume", options.resume() ? "yes" : "no"));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }
}
