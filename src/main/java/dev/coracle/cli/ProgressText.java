// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;

/**
 * Writes a progress bar's line. The library's own renderer divides by whole seconds, so that the
 * speed of the first ones is wrong, and leaves little room for the bar.
 *
 * @param blocks whether the terminal has block characters
 * @param unit what is counted, in {@code size} steps each
 */
record ProgressText(boolean blocks, String unit, long size) implements ProgressBarRenderer {

  /** Below, a speed is chance. */
  private static final double MIN_SECONDS = 0.5;

  @Override
  public String render(ProgressState state, int width) {
    return line(
        state.getTaskName(),
        state.getStart(),
        state.getCurrent(),
        state.isIndefinite() ? 0 : state.getMax(),
        state.getElapsedAfterStart(),
        width);
  }

  /**
   * Returns a line of {@code width} characters where all of it fits.
   *
   * @param start where the count stood when the time began
   * @param max 0 where it is not known
   */
  String line(String task, long start, long current, long max, Duration elapsed, int width) {
    double seconds = elapsed.toNanos() / 1e9;
    double perSecond = seconds < MIN_SECONDS ? 0 : (current - start) / seconds;
    StringBuilder tail = new StringBuilder(count(current, max));
    if (perSecond > 0) {
      tail.append(format(", %,.0f/s", perSecond / size));
    }
    if (perSecond > 0 && max > 0) {
      long left = Math.round((max - current) / perSecond);
      tail.append(format(", %d:%02d left", left / 60, left % 60));
    }
    String head = max > 0 ? format("%s %3d%% ", task, 100 * current / max) : task + " ";
    int room = width - head.length() - tail.length() - 1;
    return head + bar(max > 0 ? (double) current / max : 0, room) + " " + tail;
  }

  private String count(long current, long max) {
    return max > 0
        ? format("%,d/%,d %s", current / size, max / size, unit)
        : format("%,d %s", current / size, unit);
  }

  private String bar(double part, int room) {
    int cells = Math.max(room - 2, 0); // without the ends
    int done = (int) Math.round(part * cells);
    String end = blocks ? "│" : "|";
    return end + (blocks ? "█" : "=").repeat(done) + " ".repeat(cells - done) + end;
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
