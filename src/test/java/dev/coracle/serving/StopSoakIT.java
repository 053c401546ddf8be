// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Soak;
import dev.coracle.inference.TestModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Stops servers under load; see {@link StopClient} for what may not be lost. */
@EnabledOnOs(OS.LINUX)
class StopSoakIT {

  private static final int CLIENTS = 6;

  @Test
  void terminate_underLoad_endsInOrderAndLosesNothing(@TempDir Path folder) throws Exception {
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    Random random = new Random(1);
    int rounds = Soak.rounds(100);
    long all = 0;
    AtomicInteger refused = new AtomicInteger();
    AtomicInteger crossed = new AtomicInteger();
    long longest = 0;
    try {
      for (int round = 0; round < rounds; round++) {
        AtomicInteger answered = new AtomicInteger();
        try (ServeChild server = ServeChild.start(folder, List.of(), model)) {
          List<Future<Void>> clients = new ArrayList<>();
          for (int i = 0; i < CLIENTS; i++) {
            clients.add(
                threads.submit(new StopClient(server.port(), i, answered, refused, crossed)));
          }
          int before = crossed.get();
          Thread.sleep(random.nextInt(500));
          assertThat(crossed).as("connections closed before the stop").hasValue(before);
          long start = System.nanoTime();
          server.terminate();
          assertThat(server.await()).as("exit status; %s", server.messages()).isZero();
          longest = Math.max(longest, (System.nanoTime() - start) / 1_000_000);
          for (Future<Void> client : clients) {
            client.get();
          }
          // What the log has is what the clients have, none of it cut off.
          List<String> log = server.log();
          assertThat(log).allMatch(line -> line.matches(".*\"status\":(200|503),.*"));
          assertThat(log.stream().filter(line -> line.contains("\"status\":200,")))
              .as("requests in the log, in round %d", round)
              .hasSize(answered.get());
          all += answered.get();
        }
      }
    } finally {
      threads.shutdownNow();
    }
    System.out.printf(
        "%d stops: %,d requests answered, none lost, %d refused by 503, %d sent while their"
            + " connection was closed; the longest stop took %,d ms%n",
        rounds, all, refused.get(), crossed.get(), longest);
    assertThat(all).as("requests answered").isGreaterThan(rounds);
    assertThat(crossed.get())
        .as("requests that may have crossed the end of their connection")
        .isLessThanOrEqualTo(2 * CLIENTS * rounds);
    assertThat(longest).as("ms of the longest stop").isLessThan(25_000);
  }
}
