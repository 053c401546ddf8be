// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Prints lines on a thread of its own, many at once, so that callers never wait. Where they arrive
 * faster than the stream takes them, lines are dropped, and their number is printed. Thread-safe.
 */
final class LineWriter implements Consumer<String>, AutoCloseable {

  private static final int MAX_WAITING = 1 << 14;

  /** Most lines that are printed at once. */
  private static final int MAX_TOGETHER = 1 << 10;

  private static final String END = "";

  private final PrintStream out;
  private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(MAX_WAITING);
  private final AtomicLong lost = new AtomicLong();
  private final Thread printer = new Thread(this::print, "coracle-log");

  LineWriter(PrintStream out) {
    this.out = out;
    printer.setDaemon(true);
    printer.start();
  }

  @Override
  public void accept(String line) {
    if (!lines.offer(line)) {
      lost.incrementAndGet();
    }
  }

  private void print() {
    List<String> some = new ArrayList<>();
    boolean more = true;
    while (more) {
      try {
        some.add(lines.take());
      } catch (InterruptedException e) {
        return; // the process ends
      }
      try {
        lines.drainTo(some, MAX_TOGETHER);
        print(some);
      } catch (OutOfMemoryError e) { // later lines must not be lost because of it
        lost.addAndGet(some.size());
      }
      more = !some.contains(END);
      some.clear();
    }
  }

  private void print(List<String> some) {
    StringBuilder text = new StringBuilder();
    for (String line : some) {
      if (!line.equals(END)) {
        text.append(line).append('\n');
      }
    }
    long left = lost.getAndSet(0);
    if (left > 0) {
      text.append("{\"lost_lines\":").append(left).append("}\n");
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    out.write(bytes, 0, bytes.length);
    out.flush();
  }

  /** Prints the remaining lines; gives up after two seconds if the stream does not take them. */
  @Override
  public void close() {
    try {
      if (lines.offer(END, 1, TimeUnit.SECONDS)) {
        printer.join(1000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
