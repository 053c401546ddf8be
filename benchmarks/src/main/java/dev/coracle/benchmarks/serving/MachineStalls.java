// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;

/**
 * Measures how far the machine alone lets a program down: arithmetic that takes 1 ms, over and over
 * in one thread, with no server and no load. A virtual machine may stand still, or run at a
 * fraction of its pace, for longer than a goal of a server allows for an answer.
 *
 * <p>Times are the thread's own processor time: what other threads took meanwhile does not count,
 * only what the processor took for the same work.
 */
final class MachineStalls {

  private static final long UNIT_NANOS = 1_000_000;
  private static final int SECONDS = 10;
  private static final int TRIAL_STEPS = 100_000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Keeps the compiler from leaving the arithmetic out. */
  private static volatile double sink;

  private MachineStalls() {}

  static void measure(Setup setup, ObjectNode figures) {
    Latencies units = times(setup.time(SECONDS));
    figures.put("unitP50", units.millis(50));
    figures.put("unitP999", units.millis(99.9));
    figures.put("unitMax", units.millis(100));
  }

  /** Returns what units of about 1 ms took. */
  static Latencies times(Duration time) {
    long fastest = Long.MAX_VALUE;
    for (int i = 0; i < 200; i++) { // compiled, and once without a stall, by then
      fastest = Math.min(fastest, Math.max(1, nanos(TRIAL_STEPS)));
    }
    int steps = (int) (TRIAL_STEPS * UNIT_NANOS / fastest);
    Latencies units = new Latencies(1 << 16);
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      units.add(nanos(steps));
    }
    return units;
  }

  private static long nanos(int steps) {
    long start = THREADS.getCurrentThreadCpuTime();
    double x = 1;
    for (int i = 0; i < steps; i++) {
      x = x * 1.0000001 + 1e-9;
    }
    sink = x;
    return THREADS.getCurrentThreadCpuTime() - start;
  }
}
