// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Closing a server under load. */
class CloseTest extends ServerFixture {

  @Test
  void close_requestsUnderWay_areAnsweredAsTheLast() throws Exception {
    InferenceServer server = slow(o -> o);
    int port = server.port();
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      RawClient client = connect(server);
      assertThat(client.send(get("/ping")).get().closes()).isFalse();
      clients.add(client.send(images(12)));
    }
    await("all are queued", () -> metric(server, "coracle_queue_requests") >= 8);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
    for (RawClient client : clients) {
      RawClient.Reply reply = client.get();
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.closes()).as("%s", reply).isTrue();
      assertThat(client.reply()).isNull();
    }
    closing.get();
    assertThatThrownBy(() -> new RawClient(port)).isInstanceOf(ConnectException.class);
    await("all are logged", () -> logged("/invocations").size() == 10);
    assertThat(logged("/invocations")).containsOnly(200);
  }

  @Test
  void close_done_leavesTheAddressAndRefusesAReload() throws IOException {
    InferenceServer server = fast(o -> o);
    URI uri = server.uri();
    server.close();
    assertThat(server.uri()).isEqualTo(uri).hasPort(server.port());
    assertThatThrownBy(server::reload)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void start_onAnInterruptedThread_saysSoAndLeavesItInterrupted() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> fast(o -> o))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void close_newConnections_areRefusedWhileOthersFinish() throws Exception {
    InferenceServer server = slow(o -> o);
    int port = server.port();
    RawClient open = connect(server);
    assertThat(open.send(get("/ping")).get().status()).isEqualTo(200);
    RawClient busy = connect(server).send(images(40));
    await("it runs", () -> metric(server, "coracle_batch_size_sum") > 0);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
    await("connections are refused", () -> isRefused(port));
    assertThat(closing).isNotDone();
    RawClient.Reply notReady = open.send(get("/ping")).get();
    assertThat(notReady.status()).isEqualTo(503);
    assertThat(notReady.closes()).isTrue();
    assertThat(busy.get().status()).isEqualTo(200);
    closing.get();
  }

  private static boolean isRefused(int port) throws IOException {
    try (RawClient client = new RawClient(port)) {
      client.send(get("/ping"));
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  /** Returns our live threads, those of earlier tests' servers included. */
  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.isAlive() && thread.getName().startsWith("coracle-"))
        .collect(Collectors.toSet());
  }

  @Test
  void close_afterRequests_endsItsThreads() throws Exception {
    Set<Thread> before = threads();
    InferenceServer server = fast(o -> o.watch(true));
    new GoodRequest(1).check(server.port());
    Set<Thread> own = threads();
    own.removeAll(before);
    for (String name : List.of("coracle-watchdog", "coracle-loader", "coracle-runner-0")) {
      assertThat(own).extracting(Thread::getName).contains(name);
    }
    assertThat(own).anyMatch(thread -> thread.getName().startsWith("coracle-http-"));
    server.close();
    await("its threads have ended", () -> before.containsAll(threads()));
  }

  /** Whoever tries port after port would else gather threads, and models. */
  @Test
  void start_usedPort_leavesNoThreads() throws Exception {
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    Set<Thread> before = threads();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerOptions options =
          ServerOptions.builder().model(model).port(taken.getLocalPort()).build();
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> InferenceServer.start(options))
            .isInstanceOf(CoracleException.class);
      }
    }
    await("their threads have ended", () -> before.containsAll(threads()));
  }

  @Test
  void close_twice_doesNothing() throws Exception {
    InferenceServer server = fast(o -> o);
    new GoodRequest(1).check(server.port());
    server.close();
    server.close();
    server.awaitClose();
  }

  @Test
  void close_idleConnections_doNotHoldItUp() throws Exception {
    InferenceServer server = fast(o -> o);
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      clients.add(connect(server));
      assertThat(clients.get(i).send(get("/ping")).get().status()).isEqualTo(200);
    }
    RawClient half = connect(server).send("GET /ping HTTP/1.1\r\nHo");
    long start = System.nanoTime();
    server.close();
    assertThat(millisSince(start)).isLessThan(5_000);
    for (RawClient client : clients) {
      assertThat(client.reply()).isNull();
    }
    assertThat(half.get().status()).isEqualTo(400);
  }

  @Test
  void drainTimeout_passed_restIsCutOff() throws Exception {
    InferenceServer server = slow(o -> o.drainTimeout(Duration.ofMillis(300)));
    RawClient client = connect(server).send(images(2_000)); // minutes
    RawClient body = connect(server);
    body.send("POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n[[");
    await("it runs", () -> metric(server, "coracle_batch_size_sum") > 0);
    long start = System.nanoTime();
    server.close();
    assertThat(millisSince(start)).isBetween(300L, 10_000L);
    assertThat(client.reply()).isNull();
    assertThat(body.reply()).isNull();
  }

  @Test
  void close_bodyUnderWay_isReadAndAnswered() throws Exception {
    InferenceServer server = fast(o -> o);
    GoodRequest good = new GoodRequest(4);
    byte[] request = good.bytes();
    RawClient client = connect(server).send(Arrays.copyOf(request, request.length - 9));
    await("it is held", () -> metric(server, "coracle_pending_bytes") > 0);
    int port = server.port();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(server::close);
    await("it closes", () -> isRefused(port));
    client.send(Arrays.copyOfRange(request, request.length - 9, request.length));
    good.check(client.get());
    closing.get();
  }
}
