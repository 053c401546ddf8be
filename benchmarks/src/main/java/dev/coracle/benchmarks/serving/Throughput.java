// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** Measures requests/s of 64 connections with one image a request, and what memory that takes. */
final class Throughput {

  private static final int CONNECTIONS = 64;
  private static final int SECONDS = 15;

  private Throughput() {}

  static void measure(Setup setup, Post post, ObjectNode figures)
      throws IOException, InterruptedException {
    try (ServerProcess server = setup.server()) {
      AnswerCheck.check(setup, server, post);
      setup.load().run(server.port(), post, CONNECTIONS, setup.warmUp()).checked();
      HttpLoad.Result result =
          setup.load().run(server.port(), post, CONNECTIONS, setup.time(SECONDS)).checked();
      figures.put("perSecond", result.perSecond());
      figures.put("p50", result.p50());
      figures.put("p99", result.p99());
      figures.put("peakMegabytes", server.peakMegabytes());
    }
  }
}
