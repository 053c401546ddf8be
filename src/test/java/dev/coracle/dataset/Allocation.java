// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts the heap bytes that a piece of code allocates on its own thread. */
final class Allocation {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Allocation() {}

  /** Returns what this thread has allocated since it started. */
  static long soFar() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  /** Runs the code twice and counts the second time, without what class loading takes. */
  static long of(Runnable code) {
    code.run();
    long before = soFar();
    code.run();
    return soFar() - before;
  }
}
