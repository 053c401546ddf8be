// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

final class WrkTest {

  /** 1 of 200 answers takes 200 ms: wrk's own p99 is above 100 ms. */
  @Test
  void run_fewSlowAnswers_doesNotMakeThemMany() throws Exception {
    Optional<Wrk> wrk = Wrk.find();
    assumeTrue(wrk.isPresent(), "wrk is not installed");
    AtomicInteger served = new AtomicInteger();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          if (served.incrementAndGet() % 200 == 0) {
            LockSupport.parkNanos(200_000_000);
          }
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[2]);
          exchange.close();
        });
    server.start();
    try {
      Post post = new Post("/", Post.RAW, List.of(new byte[10]));
      HttpLoad.Result result =
          wrk.get().run(server.getAddress().getPort(), post, 1, Duration.ofSeconds(2)).checked();
      assertThat(served.get()).isGreaterThan(400); // else none was slow
      assertThat(result.p99()).isBetween(result.p50(), 100.0);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void parse_outputWithSummary_givesRateAndMilliseconds() {
    HttpLoad.Result result =
        Wrk.parse(
            """
            Running 5s test @ http://127.0.0.1:8080
              1 threads and 64 connections
            Requests/sec:   2000.00
            SUMMARY requests=10010 micros=5005000 p50=4250 p99=17125 failed=0
            """);
    assertThat(result).isEqualTo(new HttpLoad.Result(2000, 4.25, 17.125, 0));
    assertThat(result.checked()).isEqualTo(result);
  }

  @Test
  void checked_someAnswersNot200_isRefused() {
    HttpLoad.Result result =
        Wrk.parse("SUMMARY requests=100 micros=1000000 p50=1 p99=2 failed=7\n");
    assertThatThrownBy(result::checked)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("7");
  }

  @Test
  void parse_noAnswerOrNoSummary_isRefusedWithTheOutput() {
    assertThatThrownBy(() -> Wrk.parse("SUMMARY requests=0 micros=1000000 p50=0 p99=0 failed=64"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("failed=64");
    assertThatThrownBy(() -> Wrk.parse("unable to connect to 127.0.0.1:1 Connection refused"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Connection refused");
  }
}
