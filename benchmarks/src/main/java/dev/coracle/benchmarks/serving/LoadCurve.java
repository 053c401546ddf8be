// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;

/** Measures how throughput and latency grow with connections, one image a request, raw bytes. */
final class LoadCurve {

  static final List<Integer> CONNECTIONS = List.of(1, 2, 4, 8, 16, 32, 64, 128, 256);

  private static final int SECONDS = 5;

  private LoadCurve() {}

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    Post post = Post.raw(setup.images(), 1);
    try (ServerProcess server = setup.server()) {
      setup.load().run(server.port(), post, 64, setup.warmUp()).checked();
      for (int connections : CONNECTIONS) {
        HttpLoad.Result result =
            setup.load().run(server.port(), post, connections, setup.time(SECONDS)).checked();
        ObjectNode point = figures.putObject("" + connections);
        point.put("perSecond", result.perSecond());
        point.put("p50", result.p50());
        point.put("p99", result.p99());
      }
    }
  }
}
