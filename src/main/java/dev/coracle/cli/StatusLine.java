// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.aws.Listener;
import java.time.Duration;

/**
 * Shows the current status, with the time since the start, on the last line of a terminal, and
 * other lines above it. Without a terminal, each new status is a plain line.
 */
final class StatusLine implements Listener, AutoCloseable {

  private final Terminal terminal;
  private final long start = System.nanoTime();
  private String status = "";

  StatusLine(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public void status(String text) {
    boolean isNew = !text.equals(status);
    status = text;
    if (terminal.progress()) {
      show();
    } else if (isNew) {
      terminal.println(text);
    }
  }

  @Override
  public void line(String text) {
    clear();
    terminal.println(text);
    if (terminal.progress() && !status.isEmpty()) {
      show();
    }
  }

  private void show() {
    long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
    String text = "%d:%02d  %s".formatted(seconds / 60, seconds % 60, status);
    int width = Math.max(terminal.width() - 1, 20);
    terminal.stream()
        .print(ProgressLine.CLEAR + (text.length() > width ? text.substring(0, width) : text));
    terminal.stream().flush();
  }

  private void clear() {
    if (terminal.progress()) {
      terminal.stream().print(ProgressLine.CLEAR);
      terminal.stream().flush();
    }
  }

  @Override
  public void close() {
    clear();
  }
}
