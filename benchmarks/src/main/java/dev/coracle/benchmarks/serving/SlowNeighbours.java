// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Measures whether 1,000 connections that send their headers in drops make others wait: eight
 * connections at half of what they can do, without them, with them twice, and without again, so
 * that a machine that becomes slower does so for both.
 */
final class SlowNeighbours {

  static final int SLOW = 1000;

  private static final int CONNECTIONS = 8;
  private static final double SHARE = 0.5;
  private static final int SETTLE_SECONDS = 3;

  private SlowNeighbours() {}

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    List<byte[]> messages = Post.raw(setup.images(), 1).messages();
    Duration time = Duration.ofSeconds(setup.quick() ? 5 : 30);
    try (ServerProcess server = setup.server()) {
      LoadGenerator.closed(server.address(), messages, CONNECTIONS, setup.warmUp());
      double rate =
          SHARE
              * LoadGenerator.closed(server.address(), messages, CONNECTIONS, setup.time(10))
                  .acceptedPerSecond();
      LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, setup.warmUp());
      Latencies without = new Latencies();
      Latencies with = new Latencies();
      long notAccepted = load(server, messages, rate, time, without);
      SlowClients slow = new SlowClients(server.address(), SLOW);
      try (slow) {
        notAccepted += load(server, messages, rate, time.multipliedBy(2), with);
      }
      // 1,000 that go at once make others wait up to 0.5 s: no time of clients alone.
      TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
      notAccepted += load(server, messages, rate, time, without);
      figures.put("perSecond", rate);
      figures.put("p99Without", without.millis(99));
      figures.put("p99With", with.millis(99));
      figures.put("p99Ratio", with.millis(99) / without.millis(99));
      figures.put("notAccepted", notAccepted);
      figures.put("closedByServer", slow.reopened());
    }
  }

  /** Adds the times of requests answered by 200; returns how many were not. */
  private static long load(
      ServerProcess server, List<byte[]> messages, double rate, Duration time, Latencies times)
      throws IOException {
    LoadGenerator.Outcome outcome =
        LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, time);
    times.addAll(outcome.accepted());
    return outcome.requests() - outcome.accepted().count();
  }
}
