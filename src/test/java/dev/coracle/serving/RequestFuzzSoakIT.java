// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Soak;
import dev.coracle.inference.TestModel;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Sends damaged requests to a server with a small heap. */
@EnabledOnOs(OS.LINUX)
class RequestFuzzSoakIT {

  private static final int THREADS = 8;
  private static final String LAST = "GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  private static final List<String> SMALL_HEAP =
      List.of("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch");

  private final Map<Integer, AtomicLong> statuses = new ConcurrentHashMap<>();
  private final AtomicLong waits = new AtomicLong();

  @Test
  void damagedRequests_serverRefusesAndGoesOn(@TempDir Path folder) throws Exception {
    int requests = Soak.rounds(200_000);
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    List<byte[]> pictures = List.of(picture("png"), picture("jpeg"));
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (ServeChild server = ServeChild.start(folder, SMALL_HEAP, model, "--quiet")) {
      long before = 0;
      for (int part = 0; part < 5; part++) {
        List<Future<?>> senders = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
          long seed = 1_000L * part + thread;
          senders.add(
              threads.submit(
                  () -> {
                    RequestFuzzer fuzzer = new RequestFuzzer(seed, pictures);
                    for (int i = 0; i < requests / THREADS / 5; i++) {
                      send(server.port(), fuzzer.next(), seed + ", request " + i);
                    }
                    return null;
                  }));
        }
        for (Future<?> sender : senders) {
          try {
            sender.get();
          } catch (ExecutionException e) {
            throw new AssertionError(server.end(), e);
          }
        }
        new GoodRequest(part).check(server.port());
        if (part == 1) {
          before = server.residentKilobytes(); // pools and compiled code have their size by then
        }
      }
      long growth = server.residentKilobytes() - before;
      System.out.printf(
          "%,d damaged requests: answers %s, %,d kept the server waiting; resident memory grew by"
              + " %,d KiB in the last 60 %%, to %,d KiB%n",
          requests, statuses, waits.get(), growth, before + growth);
      assertThat(server.messages()).as("failures").noneMatch(line -> line.contains("ERROR"));
      assertThat(growth).as("growth in KiB").isLessThan(40_000);
      server.assertEndsInOrder();
    } finally {
      threads.shutdownNow();
    }
  }

  /** Sends a request and a good one after it, and reads to the end of what is answered. */
  private void send(int port, byte[] request, String name) throws IOException {
    try (RawClient client = new RawClient(port)) {
      client.trySend(request);
      client.trySend(LAST.getBytes(StandardCharsets.US_ASCII));
      client.patience(200);
      boolean ended = false;
      while (true) {
        RawClient.Reply reply;
        try {
          reply = client.reply();
        } catch (SocketTimeoutException e) {
          if (ended) {
            throw new AssertionError("no end of " + name, e);
          }
          // It was not whole, and the server waits for the rest.
          ended = true;
          waits.incrementAndGet();
          client.finish();
          client.patience(20_000);
          continue;
        }
        if (reply == null) {
          return;
        }
        statuses.computeIfAbsent(reply.status(), s -> new AtomicLong()).incrementAndGet();
        if (reply.status() >= 400) {
          try {
            ErrorForm.check(reply);
          } catch (AssertionError | IOException e) {
            throw new AssertionError("seed " + name, e);
          }
        }
      }
    }
  }

  private static byte[] picture(String format) throws IOException {
    BufferedImage picture = new BufferedImage(28, 28, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 784; i++) {
      picture.getRaster().setSample(i % 28, i / 28, 0, i * 7 % 256);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(ImageIO.write(picture, format, out)).isTrue();
    return out.toByteArray();
  }
}
