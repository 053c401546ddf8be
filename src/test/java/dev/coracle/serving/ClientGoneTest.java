// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients that go while their request waits, and those that only look as if. */
class ClientGoneTest extends ServerFixture {

  private static final int QUEUED = 60;

  /**
   * Sends so many requests of one image that one after them waits for some time, and sees them
   * queue: the server reads connections that become ready together in any order, and on a machine
   * that stalls the one sent last could otherwise be run first, before anyone asks for its client.
   */
  private List<RawClient> queue(InferenceServer server) throws Exception {
    metric(server, "coracle_queue_requests"); // the first call may take as long as the queue lasts
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < QUEUED; i++) {
      clients.add(connect(server).send(images(1)));
    }
    await("they queue", () -> metric(server, "coracle_queue_requests") >= QUEUED / 2);
    return clients;
  }

  private static void assertAnswered(List<RawClient> clients) throws IOException {
    for (RawClient client : clients) {
      assertThat(client.get().status()).isEqualTo(200);
    }
  }

  private void assertSkipped(InferenceServer server, List<RawClient> others) throws Exception {
    assertAnswered(others);
    await("the gone one is logged", () -> logged("/invocations").contains(499));
    assertThat(logged("/invocations")).filteredOn(status -> status == 499).hasSize(1);
    assertThat(metric(server, "coracle_batch_size_sum")).isEqualTo(QUEUED);
    assertThat(metric(server, "coracle_queue_requests")).isZero();
    await("its bytes are free", () -> metric(server, "coracle_pending_bytes") == 0);
  }

  @Test
  void closedWhileItWaits_isSkipped() throws Exception {
    InferenceServer server = slow(o -> o);
    List<RawClient> others = queue(server);
    connect(server).send(images(5)).close();
    assertSkipped(server, others);
  }

  @Test
  void resetWhileItWaits_isSkipped() throws Exception {
    InferenceServer server = slow(o -> o);
    List<RawClient> others = queue(server);
    connect(server).send(images(5)).abort();
    assertSkipped(server, others);
  }

  @Test
  void closedBeforeItIsDecoded_isForgotten() throws Exception {
    InferenceServer server = fast(o -> o.maxPendingBytes(1L << 30));
    byte[] zeros = new byte[784 * 10_000]; // takes long enough that most are closed by then
    byte[] request = GoodRequest.post("/invocations", "application/octet-stream", "", zeros);
    for (int i = 0; i < 30; i++) {
      connect(server).send(request).close(); // no reset: what was sent must arrive
    }
    await("none is under way", () -> metric(server, "coracle_pending_bytes") == 0);
    new GoodRequest(1).check(server.port());
  }

  @Test
  void closedInTheBody_isForgotten() throws Exception {
    InferenceServer server = fast(o -> o);
    String head = "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n[[";
    RawClient client = connect(server).send(head);
    await("its bytes are held", () -> metric(server, "coracle_pending_bytes") > 0);
    client.abort();
    await("its bytes are free", () -> metric(server, "coracle_pending_bytes") == 0);
    new GoodRequest(1).check(server.port());
  }

  @Test
  void pipelinedSecondRequest_isAnswered() throws Exception {
    InferenceServer server = slow(o -> o);
    List<RawClient> others = queue(server);
    RawClient whole = connect(server).send(images(1)).send(get("/ping"));
    RawClient both = connect(server).send(images(1)).send(images(1));
    RawClient split = connect(server).send(images(1)).send("GE");
    RawClient one = connect(server).send(images(1)).send("G");
    for (RawClient client : List.of(whole, both, split, one)) {
      assertThat(client.get().status()).isEqualTo(200);
    }
    assertThat(whole.get().text()).isEmpty();
    assertThat(both.get().status()).isEqualTo(200);
    assertThat(split.send("T /ping HTTP/1.1\r\nHost: a\r\n\r\n").get().status()).isEqualTo(200);
    assertThat(one.send("ET /ping HTTP/1.1\r\nHost: a\r\n\r\n").get().status()).isEqualTo(200);
    assertAnswered(others);
    await("all are logged", () -> logged("/invocations").size() == QUEUED + 5);
    assertThat(logged("/invocations")).containsOnly(200);
  }

  @Test
  void pipelinedSecondRequestWithBody_isWhole() throws Exception {
    InferenceServer server = fast(o -> o);
    // Long enough a body that the first one is decoded elsewhere and its client looked after.
    byte[] first =
        GoodRequest.post("/invocations", "application/octet-stream", "", new byte[784 * 2_000]);
    for (int i = 0; i < 20; i++) {
      GoodRequest second = new GoodRequest(i);
      RawClient client = connect(server).send(first).send(second.bytes());
      assertThat(client.get().status()).isEqualTo(200);
      second.check(client.get());
      second.check(client.send(second.bytes()).get());
    }
  }

  @Test
  void halfClosed_immediateAnswer_arrives() throws Exception {
    RawClient client = connect(fast(o -> o)).send(get("/ping") + get("/v2/health/live"));
    client.finish();
    assertThat(client.get().status()).isEqualTo(200);
    assertThat(client.get().text()).contains("live");
    assertThat(client.reply()).isNull();
  }
}
