// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/** Runs {@link LoadGenerator} where there is no {@link Wrk}; it costs the machine more. */
final class ClosedLoop implements HttpLoad {

  @Override
  public String name() {
    return "a generator in Java (install wrk for the real one)";
  }

  @Override
  public Result run(int port, Post post, int connections, Duration time) throws IOException {
    LoadGenerator.Outcome outcome =
        LoadGenerator.closed(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            post.messages(),
            connections,
            time);
    return new Result(
        outcome.acceptedPerSecond(),
        outcome.accepted().millis(50),
        outcome.accepted().millis(99),
        outcome.refused().count() + outcome.other());
  }
}
