// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.train.MetricsListener;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;

/** Prints the log lines of the PyTorch example and, on a terminal, a progress bar under them. */
final class ConsoleMetrics implements MetricsListener, AutoCloseable {

  private final Terminal terminal;
  private final int epochs;
  private final int logInterval;
  private @Nullable ProgressBar bar;

  ConsoleMetrics(Terminal terminal, int epochs, int logInterval) {
    this.terminal = terminal;
    this.epochs = epochs;
    this.logInterval = logInterval;
  }

  @Override
  public void onStep(Step step) {
    if (step.step() % logInterval == 0) {
      print(
          "Train Epoch: %d [%d/%d (%.0f%%)] Loss: %.6f",
          step.epoch(),
          step.images(),
          step.imagesInAll(),
          100.0 * step.images() / step.imagesInAll(),
          step.loss());
    }
    if (terminal.progress()) {
      if (bar == null) {
        bar = newBar(step);
      }
      bar.stepTo(step.images());
    }
  }

  @Override
  public void onEpoch(Epoch epoch) {
    close();
    print(
        "Test set: Average loss: %.4f, Accuracy: %d/%d (%.2f%%)",
        epoch.testLoss(), epoch.testCorrect(), epoch.testImages(), 100 * epoch.testAccuracy());
    print(
        "Epoch %d/%d: loss %.4f, test loss %.4f, accuracy %.2f %%, %.1f s, %.0f images/s",
        epoch.epoch(),
        epoch.epochs(),
        epoch.trainLoss(),
        epoch.testLoss(),
        100 * epoch.testAccuracy(),
        epoch.seconds(),
        epoch.imagesPerSecond());
  }

  private ProgressBar newBar(Step step) {
    String task = "Epoch %d/%d".formatted(step.epoch(), epochs);
    return ProgressLine.start(terminal, task, "images", 1, step.images(), step.imagesInAll());
  }

  private void print(String format, Object... arguments) {
    terminal.printf((terminal.progress() ? ProgressLine.CLEAR : "") + format + "%n", arguments);
  }

  /** Ends the progress bar, also when training failed. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
