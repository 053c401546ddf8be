// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.junit.jupiter.api.Test;

/** What a request holds (bytes, a model, its count among all) is given back however it ends. */
class LeakTest extends ServerFixture {

  private static final String[] REFUSED = {
    "POST /api/classify?probabilities=%zz HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[]",
    "POST /api/classify?probabilities=maybe HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[]",
    "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[]",
    "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n",
    "POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /v2/models/model/versions/none/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    "POST /v2/models/none/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    "DELETE /ping HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
  };

  @Test
  void refusedRequests_leaveNothing() throws Exception {
    InferenceServer server = fast(o -> o.drainTimeout(Duration.ofSeconds(50)));
    for (String request : REFUSED) {
      try (RawClient client = new RawClient(server.port())) {
        RawClient.Reply reply = client.send(request.getBytes(StandardCharsets.ISO_8859_1)).get();
        assertThat(reply.status()).as("%s -> %s", request, reply).isBetween(400, 499);
      }
    }
    assertNothingIsHeld(server);
  }

  /** Pipelined, the same requests are handled on other threads. */
  @Test
  void refusedRequestsPipelined_leaveNothing() throws Exception {
    InferenceServer server = fast(o -> o.drainTimeout(Duration.ofSeconds(50)));
    RawClient client = connect(server);
    client.send(
        (REFUSED[0] + REFUSED[0] + REFUSED[1] + REFUSED[2]).getBytes(StandardCharsets.ISO_8859_1));
    for (int i = 0; i < 4; i++) {
      assertThat(client.get().status()).isEqualTo(400);
    }
    assertNothingIsHeld(server);
  }

  /** Their answer comes while the model still has their images, or while they are decoded. */
  @Test
  void requestsPastTheirDeadline_leaveNothing() throws Exception {
    InferenceServer server = slow(o -> o.deadline(Duration.ofMillis(200)));
    List<RawClient> clients = List.of(connect(server), connect(server), connect(server));
    for (RawClient client : clients) {
      client.send(images(80)); // a second of work for the model, on any machine
    }
    for (RawClient client : clients) {
      assertThat(client.get().status()).isEqualTo(503);
    }
    assertNothingIsHeld(server);
  }

  /** Jetty lends the buffers that bodies arrive in. */
  @Test
  void bodies_howeverTheyEnd_giveTheirBuffersBack() throws Exception {
    InferenceServer server = fast(o -> o.maxBodyBytes(40_000));
    byte[] whole = images(40);
    String chunked = "POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    String chunk = "4000\r\n" + "x".repeat(0x4000) + "\r\n";
    try (RawClient client = new RawClient(server.port())) {
      assertThat(client.send(whole).get().status()).isEqualTo(200);
      assertThat(client.send(whole).get().status()).isEqualTo(200);
    }
    try (RawClient client = new RawClient(server.port())) { // more than the limit
      assertThat(client.send(chunked + chunk.repeat(3)).get().status()).isEqualTo(413);
    }
    try (RawClient client = new RawClient(server.port())) {
      client.send(Arrays.copyOf(whole, whole.length / 2)); // and goes
    }
    await("each request is over", () -> log.size() == 4);
    assertBuffersAreBack(server);
  }

  /** Else thousands of idle connections would keep a buffer each. */
  @Test
  void connectionsThatStayOpen_giveTheirBuffersBack() throws Exception {
    InferenceServer server = fast(o -> o);
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      clients.add(connect(server));
    }
    for (int images : new int[] {1, 40, 1}) { // which are run on different threads
      for (RawClient client : clients) {
        client.send(images(images));
      }
      for (RawClient client : clients) {
        assertThat(client.get().status()).isEqualTo(200);
      }
      assertBuffersAreBack(server);
    }
  }

  private static void assertBuffersAreBack(InferenceServer server) throws Exception {
    ArrayByteBufferPool pool = (ArrayByteBufferPool) server.buffers();
    await(
        "all buffers are back",
        () ->
            pool.getDirectMemory() == pool.getAvailableDirectMemory()
                && pool.getHeapMemory() == pool.getAvailableHeapMemory());
    assertThat(pool.getDirectMemory() + pool.getHeapMemory()).isPositive();
  }

  private void assertNothingIsHeld(InferenceServer server) throws Exception {
    await("no bytes are held", () -> metric(server, "coracle_pending_bytes") == 0);
    // The lane of a model that is replaced is closed, which frees it, when nobody uses it.
    Batcher.Lane lane = server.models().all().iterator().next().lane();
    server.reload();
    await("the replaced model is free", () -> lane.freed().isDone());
    long start = System.nanoTime();
    server.close();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
  }
}
