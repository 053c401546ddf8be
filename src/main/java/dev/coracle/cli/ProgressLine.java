// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Creates progress bars on the last line of a terminal: a log line clears them, and they reappear
 * below it. The library's own interactive bar would write over the log line.
 */
final class ProgressLine {

  /** Returns to the start of the line and clears it. */
  static final String CLEAR = "\r\u001b[K";

  private ProgressLine() {}

  static ProgressBarBuilder builder(Terminal terminal, String task, long max) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(max)
        .setUpdateIntervalMillis(200)
        .setStyle(
            terminal.charset().newEncoder().canEncode("█")
                ? ProgressBarStyle.COLORFUL_UNICODE_BLOCK
                : ProgressBarStyle.ASCII)
        .setConsumer(
            new ConsoleProgressBarConsumer(terminal.stream()) {
              @Override
              public void close() {
                terminal.stream().print(CLEAR);
                terminal.stream().flush();
              }
            });
  }
}
