// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.SlowModel;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Starts a server for a test, opens connections to it, and closes all of them. */
@Timeout(60)
abstract class ServerFixture {

  /** MatMuls of the slow model. */
  private static final int STEPS = 200;

  @TempDir Path folder;

  final Queue<String> log = new ConcurrentLinkedQueue<>();
  private final List<RawClient> clients = new ArrayList<>();
  private final List<InferenceServer> servers = new ArrayList<>();

  /** Starts a server of {@link TestModel#mnist}. */
  final InferenceServer fast(UnaryOperator<ServerOptions.Builder> options) throws IOException {
    return start(TestModel.mnist().write(folder.resolve("model.onnx")), options);
  }

  /** Starts a server of a model that takes some 50 ms for an image, and runs images one by one. */
  final InferenceServer slow(UnaryOperator<ServerOptions.Builder> options) throws IOException {
    Path file = SlowModel.write(folder.resolve("slow.onnx"), STEPS);
    return start(file, o -> options.apply(o.maxBatch(1)));
  }

  final InferenceServer start(Path model, UnaryOperator<ServerOptions.Builder> options) {
    return start(options.apply(ServerOptions.builder().model(model)));
  }

  final InferenceServer start(ServerOptions.Builder options) {
    InferenceServer server = InferenceServer.start(options.port(0).requestLog(log::add).build());
    servers.add(server);
    return server;
  }

  final RawClient connect(InferenceServer server) throws IOException {
    RawClient client = new RawClient(server.port());
    clients.add(client);
    return client;
  }

  /** Returns a request for images of zeros. */
  static byte[] images(int count) {
    return GoodRequest.post("/invocations", "application/octet-stream", "", new byte[784 * count]);
  }

  static String get(String target) {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  static String post(String target, String json) {
    return "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(target, json.length(), json);
  }

  /** Returns a number of {@code GET /metrics}. */
  static double metric(InferenceServer server, String name) throws IOException {
    try (RawClient client = new RawClient(server.port())) {
      return client
          .send(get("/metrics"))
          .get()
          .text()
          .lines()
          .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .sum();
    }
  }

  /** Returns the statuses that the log has for a path, in order. */
  final List<Integer> logged(String path) {
    return log.stream()
        .filter(line -> line.contains("\"path\":\"" + path + "\""))
        .map(line -> Integer.valueOf(line.replaceAll(".*\"status\":(\\d+).*", "$1")))
        .toList();
  }

  /** Waits until something is true. */
  static void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + 20_000_000_000L;
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("time to wait until %s", what).isLessThan(end);
      Thread.sleep(2);
    }
  }

  static long millisSince(long nanoTime) {
    return (System.nanoTime() - nanoTime) / 1_000_000;
  }

  @AfterEach
  final void closeAll() throws IOException {
    for (RawClient client : clients) {
      client.close();
    }
    servers.forEach(InferenceServer::close);
  }
}
