// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.benchmarks.Spread;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;

/**
 * Measures the time from a server's start to its first answer, and its memory when it has answered
 * nothing else. The operating system has the files in memory.
 */
final class Starts {

  private static final int PROCESSES = 10;

  private Starts() {}

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    int count = setup.quick() ? 3 : PROCESSES;
    DoubleStream.Builder millis = DoubleStream.builder();
    DoubleStream.Builder megabytes = DoubleStream.builder();
    for (int i = 0; i < count; i++) {
      try (ServerProcess server = setup.server()) {
        TimeUnit.MILLISECONDS.sleep(500); // what start left to do in the background
        millis.add(server.startMillis());
        megabytes.add(server.residentMegabytes());
      }
    }
    Spread time = Spread.of(millis.build());
    figures.put("startMillis", time.median());
    figures.put("startMillisMin", time.min());
    figures.put("startMillisMax", time.max());
    figures.put("residentMegabytes", Spread.of(megabytes.build()).median());
  }
}
