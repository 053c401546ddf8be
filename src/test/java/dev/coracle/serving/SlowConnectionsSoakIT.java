// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Soak;
import dev.coracle.inference.TestModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A thousand slow connections beside a few healthy clients. */
@EnabledOnOs(OS.LINUX)
class SlowConnectionsSoakIT {

  private static final int SLOW = 1_000;
  private static final int HEALTHY = 4;

  @Test
  void slowConnections_healthyClientsAreAnswered(@TempDir Path folder) throws Exception {
    int seconds = Soak.rounds(60);
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    ExecutorService threads = Executors.newFixedThreadPool(HEALTHY);
    try (ServeChild server = ServeChild.start(folder, List.of(), model, "--quiet")) {
      clients(threads, server.port(), Math.min(seconds, 5)); // warms up
      int alone = Math.max(2, seconds / 4);
      long[] without = clients(threads, server.port(), alone);
      long before = server.residentKilobytes();
      try (SlowConnections slow = new SlowConnections(server.port(), SLOW)) {
        long[] with = clients(threads, server.port(), seconds);
        System.out.printf(
            "healthy clients: %s without slow connections; %s with %,d for %d s, of which the"
                + " server closed %,d; resident memory grew by %,d KiB%n",
            summary(without),
            summary(with),
            SLOW,
            seconds,
            slow.reopened(),
            server.residentKilobytes() - before);
        // A rough floor: these clients, the slow ones and the server share the processors.
        assertThat((double) with.length / seconds)
            .as("requests a second with slow connections")
            .isGreaterThan(0.1 * without.length / alone);
      }
      new GoodRequest(9).check(server.port());
      assertThat(server.messages()).as("failures").noneMatch(line -> line.contains("ERROR"));
      server.assertEndsInOrder();
    } finally {
      threads.shutdownNow();
    }
  }

  /** Runs healthy clients and returns the times of all requests, in ns, in order. */
  private static long[] clients(ExecutorService threads, int port, int seconds) throws Exception {
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    List<Future<List<Long>>> clients = new ArrayList<>();
    for (int i = 0; i < HEALTHY; i++) {
      GoodRequest good = new GoodRequest(i);
      clients.add(
          threads.submit(
              () -> {
                List<Long> times = new ArrayList<>();
                try (RawClient client = new RawClient(port)) {
                  while (System.nanoTime() < end) {
                    long start = System.nanoTime();
                    RawClient.Reply reply = client.send(good.bytes()).get();
                    times.add(System.nanoTime() - start);
                    good.check(reply);
                  }
                }
                return times;
              }));
    }
    List<Long> all = new ArrayList<>();
    for (Future<List<Long>> client : clients) {
      all.addAll(client.get());
    }
    return all.stream().mapToLong(Long::longValue).sorted().toArray();
  }

  private static String summary(long[] sorted) {
    assertThat(sorted).isNotEmpty();
    return "%,d requests, median %.2f ms, p99 %.2f ms, longest %.0f ms"
        .formatted(
            sorted.length,
            sorted[sorted.length / 2] / 1e6,
            sorted[sorted.length * 99 / 100] / 1e6,
            Arrays.stream(sorted).max().orElseThrow() / 1e6);
  }
}
