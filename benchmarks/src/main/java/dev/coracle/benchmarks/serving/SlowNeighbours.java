// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Measures whether 1,000 connections that send their headers in drops make others wait: eight
 * connections at half of what they can do, without them and with them.
 */
final class SlowNeighbours {

  static final int SLOW = 1000;

  private static final int CONNECTIONS = 8;
  private static final double SHARE = 0.5;

  private SlowNeighbours() {}

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    List<byte[]> messages = Post.raw(setup.images(), 1).messages();
    Duration time = Duration.ofSeconds(setup.quick() ? 10 : 60);
    try (ServerProcess server = setup.server()) {
      LoadGenerator.closed(server.address(), messages, CONNECTIONS, setup.warmUp());
      double rate =
          SHARE
              * LoadGenerator.closed(server.address(), messages, CONNECTIONS, setup.time(5))
                  .acceptedPerSecond();
      LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, setup.warmUp());
      LoadGenerator.Outcome without =
          LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, time);
      LoadGenerator.Outcome with;
      SlowClients slow = new SlowClients(server.address(), SLOW);
      try (slow) {
        with = LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, time);
      }
      figures.put("perSecond", rate);
      figures.put("p50Without", without.accepted().millis(50));
      figures.put("p99Without", without.accepted().millis(99));
      figures.put("p50With", with.accepted().millis(50));
      figures.put("p99With", with.accepted().millis(99));
      figures.put("p99Ratio", with.accepted().millis(99) / without.accepted().millis(99));
      figures.put("notAccepted", with.requests() - with.accepted().count());
      figures.put("closedByServer", slow.reopened());
    }
  }
}
