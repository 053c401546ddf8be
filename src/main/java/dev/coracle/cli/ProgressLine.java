// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * Creates progress bars on the last line of a terminal: a log line clears them, and they reappear
 * below it. The library's own interactive bar would write over the log line.
 */
final class ProgressLine {

  /** Returns to the start of the line and clears it. */
  static final String CLEAR = "\r\u001b[K";

  private ProgressLine() {}

  /**
   * Makes one whose time begins at {@code start}.
   *
   * @param size of a unit, in steps
   * @param max in steps; -1 where it is not known
   */
  static ProgressBar start(
      Terminal terminal, String task, String unit, long size, long start, long max) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(max)
        .startsFrom(start, Duration.ZERO)
        .setUpdateIntervalMillis(200)
        .setRenderer(new ProgressText(terminal.charset().newEncoder().canEncode("█│"), unit, size))
        .setConsumer(
            new ConsoleProgressBarConsumer(terminal.stream()) {
              @Override
              public void close() {
                terminal.stream().print(CLEAR);
                terminal.stream().flush();
              }
            })
        .build();
  }
}
