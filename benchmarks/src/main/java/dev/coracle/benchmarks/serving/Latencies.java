// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.util.Arrays;

/** Collects times and tells their percentiles. Not thread-safe. */
final class Latencies {

  private long[] nanos;
  private int count;
  private boolean sorted = true;

  Latencies() {
    this(1 << 12);
  }

  /**
   * @param expected how many times fit without growing
   */
  Latencies(int expected) {
    nanos = new long[Math.max(1, expected)];
  }

  void add(long time) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = time;
    sorted = false;
  }

  void addAll(Latencies others) {
    for (int i = 0; i < others.count; i++) {
      add(others.nanos[i]);
    }
  }

  int count() {
    return count;
  }

  /**
   * Returns the least time, in ms, that {@code percent} of all do not exceed (nearest rank: always
   * one that was measured); NaN where there is none.
   */
  double millis(double percent) {
    if (percent <= 0 || percent > 100) {
      throw new IllegalArgumentException("percent (" + percent + ") must be in (0, 100]");
    }
    if (count == 0) {
      return Double.NaN;
    }
    if (!sorted) {
      Arrays.sort(nanos, 0, count);
      sorted = true;
    }
    int rank = (int) Math.ceil(percent * count / 100);
    return nanos[Math.max(rank, 1) - 1] / 1e6;
  }
}
