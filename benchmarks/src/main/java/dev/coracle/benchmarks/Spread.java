// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import java.util.Locale;
import java.util.stream.DoubleStream;

/** Median and extremes of what the rounds gave. */
public record Spread(double median, double min, double max) {

  /** The mean of the two middle values where their number is even. */
  public static Spread of(DoubleStream values) {
    double[] sorted = values.sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("expected at least one value");
    }
    int half = sorted.length / 2;
    double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  /** Returns for example {@code 318 (301–402)}, with three digits or more. */
  @Override
  public String toString() {
    return number(median) + " (" + number(min) + "–" + number(max) + ")";
  }

  public static String number(double value) {
    double size = Math.abs(value);
    String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }
}
