// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against the JDK's HTTP server, which counts for itself. */
final class LoadGeneratorTest {

  private static final List<byte[]> MESSAGES =
      new Post("/", Post.RAW, List.of(new byte[10], new byte[200_000])).messages();

  private final AtomicInteger served = new AtomicInteger();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;
  private InetSocketAddress address;

  @BeforeEach
  void start() throws Exception {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.start();
    address = server.getAddress();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdown();
  }

  @Test
  void closed_everyAnswer200_countsAsManyAsTheServer() throws Exception {
    answer(request -> 200, 0);
    LoadGenerator.Outcome outcome =
        LoadGenerator.closed(address, MESSAGES, 4, Duration.ofMillis(300));
    assertThat(outcome.accepted().count()).isEqualTo(served.get()).isPositive();
    assertThat(outcome.refused().count()).isZero();
    assertThat(outcome.other()).isZero();
    assertThat(outcome.requests()).isEqualTo(served.get());
  }

  @Test
  void open_everyThirdRefusedAndEverySeventhAnError_tellsThemApart() throws Exception {
    answer(request -> request % 7 == 0 ? 500 : request % 3 == 0 ? 503 : 200, 0);
    LoadGenerator.Outcome outcome =
        LoadGenerator.open(address, MESSAGES, 32, 50, Duration.ofMillis(840));
    assertThat(outcome.requests()).isEqualTo(served.get()).isEqualTo(42);
    assertThat(outcome.other()).isEqualTo(6);
    assertThat(outcome.refused().count()).isEqualTo(12);
    assertThat(outcome.accepted().count()).isEqualTo(24);
    assertThat(outcome.refusedWithoutRetryAfter()).isEqualTo(12);
  }

  @Test
  void open_moreThanIsAnswered_countsFromWhenARequestWasDue() throws Exception {
    answer(request -> 200, 100); // one connection: 10 requests/s
    LoadGenerator.Outcome outcome =
        LoadGenerator.open(address, MESSAGES.subList(0, 1), 1, 20, Duration.ofMillis(1000));
    // The tenth is due after 0.45 s and answered after 1 s; timed from its sending it would be 0.1.
    assertThat(outcome.accepted().millis(100)).isGreaterThanOrEqualTo(450);
    assertThat(outcome.accepted().millis(1)).isBetween(100.0, 1000.0);
  }

  @Test
  void open_dueWhenTheLoadEnds_isStillSentAndTimed() throws Exception {
    answer(request -> 200, 100); // one connection: 10 requests/s
    LoadGenerator.Outcome outcome =
        LoadGenerator.open(address, MESSAGES.subList(0, 1), 1, 20, Duration.ofMillis(1000));
    assertThat(outcome.accepted().count()).isEqualTo(served.get()).isEqualTo(20);
    // The last is due after 0.95 s and answered after 2 s.
    assertThat(outcome.accepted().millis(100)).isGreaterThanOrEqualTo(1000);
    assertThat(outcome.acceptedPerSecond()).isLessThan(11);
    assertThat(outcome.other()).isZero();
  }

  /** 0.3 s times 2,990, as doubles divide, is a little more than 897. */
  @Test
  void open_allAnswered_countsNoneBeyondTheLast() throws Exception {
    answer(request -> 200, 0);
    LoadGenerator.Outcome outcome =
        LoadGenerator.open(address, MESSAGES, 32, 2990, Duration.ofMillis(300));
    assertThat(outcome.requests()).isEqualTo(served.get()).isEqualTo(897);
    assertThat(outcome.other()).isZero();
  }

  @Test
  void open_serverFarBehind_countsWhatWasNeverSent() throws Exception {
    answer(request -> 200, 2000); // 3 or 4 of 100 before the 5 s after the end are over
    LoadGenerator.Outcome outcome =
        LoadGenerator.open(address, MESSAGES.subList(0, 1), 1, 100, Duration.ofMillis(1000));
    assertThat(outcome.requests()).isEqualTo(100);
    assertThat(outcome.other()).isBetween(96L, 98L);
  }

  @Test
  void closed_serverClosesEveryConnection_goesOnWithNewOnes() throws Exception {
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          exchange.getResponseHeaders().set("Connection", "close");
          served.incrementAndGet();
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[2]);
          exchange.close();
        });
    LoadGenerator.Outcome outcome =
        LoadGenerator.closed(address, MESSAGES.subList(0, 1), 2, Duration.ofMillis(300));
    assertThat(outcome.accepted().count()).isEqualTo(served.get()).isGreaterThan(2);
    assertThat(outcome.other()).isZero();
  }

  private interface Status {
    int of(int request);
  }

  private void answer(Status status, long millis) {
    server.createContext(
        "/",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          try {
            TimeUnit.MILLISECONDS.sleep(millis);
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          exchange.sendResponseHeaders(status.of(served.incrementAndGet()), 2);
          exchange.getResponseBody().write(new byte[2]);
          exchange.close();
        });
  }
}
