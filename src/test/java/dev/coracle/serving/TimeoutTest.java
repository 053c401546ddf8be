// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What takes too long: answers, bodies, headers; and what may take long. */
class TimeoutTest extends ServerFixture {

  private static final String OCTETS =
      "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n";

  @Test
  void deadline_passed_503WithRetryAfter() throws Exception {
    InferenceServer server = slow(o -> o.deadline(Duration.ofMillis(300)));
    RawClient client = connect(server);
    long start = System.nanoTime();
    RawClient.Reply reply = client.send(images(400)).get();
    assertThat(reply.status()).isEqualTo(503);
    ErrorForm.check(reply);
    assertThat(millisSince(start)).isBetween(300L, 5_000L);
    assertThat(client.send(get("/ping")).get().status()).isEqualTo(200);
    // The rest of its images is not run.
    await("the queue is empty", () -> metric(server, "coracle_queue_requests") == 0);
    assertThat(metric(server, "coracle_batch_size_sum")).isLessThan(200);
  }

  @Test
  void body_late_408AndClosed() throws Exception {
    InferenceServer server = fast(o -> o.bodyTimeout(Duration.ofMillis(300)));
    for (String length : new String[] {"Content-Length: 784", "Transfer-Encoding: chunked"}) {
      RawClient client = connect(server).send(OCTETS + length + "\r\n\r\n3\r\nabc\r\n");
      RawClient.Reply reply = client.get();
      assertThat(reply.status()).as("%s", reply).isEqualTo(408);
      ErrorForm.check(reply);
      assertThat(client.reply()).isNull();
    }
    await("its bytes are free", () -> metric(server, "coracle_pending_bytes") == 0);
  }

  @Test
  void body_inDropsBeyondTimeout_408() throws Exception {
    InferenceServer server = fast(o -> o.bodyTimeout(Duration.ofMillis(300)));
    RawClient client = connect(server).send(OCTETS + "Content-Length: 784\r\n\r\n");
    long start = System.nanoTime();
    while (millisSince(start) < 10_000 && client.trySend(new byte[1])) {
      Thread.sleep(20);
    }
    assertThat(millisSince(start)).isLessThan(10_000);
    assertThat(logged("/invocations")).containsExactly(408);
  }

  @Test
  void headers_inDrops_connectionClosed() throws Exception {
    InferenceServer server = fast(o -> o.headerTimeout(Duration.ofMillis(500)));
    RawClient idle = connect(server);
    RawClient kept = connect(server);
    assertThat(kept.send(get("/ping")).get().status()).isEqualTo(200);
    RawClient dripping = connect(server).send("GET /ping HTTP/1.1\r\n");
    long start = System.nanoTime();
    while (millisSince(start) < 20_000
        && dripping.trySend("A: b\r\n".getBytes(StandardCharsets.US_ASCII))) {
      Thread.sleep(50);
    }
    assertThat(millisSince(start)).as("time until it was closed").isBetween(400L, 15_000L);
    // Those on which nothing comes stay, for longer than headers may take.
    assertThat(idle.send(get("/ping")).get().status()).isEqualTo(200);
    assertThat(kept.send(get("/ping")).get().status()).isEqualTo(200);
  }

  @Test
  void headers_beginAndStop_connectionClosed() throws Exception {
    InferenceServer server = fast(o -> o.headerTimeout(Duration.ofMillis(500)));
    RawClient client = connect(server).send("GET /ping HTTP/1.1\r\nHost:");
    long start = System.nanoTime();
    assertThat(client.reply()).isNull();
    assertThat(millisSince(start)).isBetween(400L, 15_000L);
  }

  @Test
  void headers_inDropsWithinTimeout_areAnswered() throws Exception {
    InferenceServer server = fast(o -> o.headerTimeout(Duration.ofSeconds(20)));
    RawClient client = connect(server);
    for (int round = 0; round < 2; round++) {
      for (byte each : get("/ping").getBytes(StandardCharsets.US_ASCII)) {
        client.send(new byte[] {each});
        Thread.sleep(5);
      }
      assertThat(client.get().status()).isEqualTo(200);
    }
  }

  @Test
  void longRequests_oneAfterAnother_areNotTakenForHeaders() throws Exception {
    // Each takes longer than headers may, its body in drops as well.
    InferenceServer server = slow(o -> o.headerTimeout(Duration.ofMillis(200)));
    RawClient client = connect(server);
    for (int round = 0; round < 2; round++) {
      client.send(OCTETS + "Content-Length: 7840\r\n\r\n");
      for (int i = 0; i < 10; i++) {
        client.send(new byte[784]);
        Thread.sleep(150);
      }
      assertThat(client.get().status()).isEqualTo(200); // 10 images
    }
  }

  /** A look at the connection falls into the body: the rest of it is no beginning of headers. */
  @Test
  void idle_afterABodyInPieces_staysOpen() throws Exception {
    InferenceServer server = fast(o -> o.headerTimeout(Duration.ofMillis(500)));
    RawClient client = connect(server).send(OCTETS + "Content-Length: 1568\r\n\r\n");
    client.send(new byte[784]);
    Thread.sleep(1_500);
    assertThat(client.send(new byte[784]).get().status()).isEqualTo(200);
    Thread.sleep(3_500);
    assertThat(client.send(get("/ping")).get().status()).isEqualTo(200);
  }
}
