// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** More requests, bytes or connections than the server takes. */
class OverloadTest extends ServerFixture {

  @Test
  void queueFull_503AtOnceAndHealthAnswers() throws Exception {
    InferenceServer server = slow(o -> o.maxQueue(4));
    List<RawClient> busy = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      busy.add(connect(server).send(images(20))); // a second each
    }
    await("some are refused", () -> logged("/invocations").contains(503));
    long start = System.nanoTime();
    for (int i = 0; i < 10; i++) {
      RawClient.Reply refused = connect(server).send(images(1)).get();
      assertThat(refused.status()).isEqualTo(503);
      ErrorForm.check(refused);
      RawClient health = connect(server);
      assertThat(health.send(get("/ping")).get().status()).isEqualTo(200);
      assertThat(health.send(get("/v2/health/ready")).get().status()).isEqualTo(200);
    }
    assertThat(logged("/invocations")).as("the model was busy all the time").doesNotContain(200);
    assertThat(millisSince(start)).isLessThan(1_000);
    int answered = 0;
    for (RawClient each : busy) {
      RawClient.Reply reply = each.get();
      assertThat(reply.status()).isIn(200, 503);
      answered += reply.status() == 200 ? 1 : 0;
    }
    assertThat(answered).isBetween(4, 4 + Runtime.getRuntime().availableProcessors());
    await("one is taken again", () -> connect(server).send(images(1)).get().status() == 200);
  }

  @Test
  void pendingBytesFull_503AndFreeAgain() throws Exception {
    InferenceServer server = fast(o -> o.maxBodyBytes(1 << 20).maxPendingBytes(1 << 20));
    String head =
        "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 784000\r\n"
            .concat("Content-Type: application/octet-stream\r\n\r\n");
    RawClient first = connect(server).send(head).send(new byte[700_000]);
    await("it is held", () -> metric(server, "coracle_pending_bytes") >= 700_000);
    RawClient second = connect(server).send(head);
    second.trySend(new byte[700_000]);
    await("the second is refused", () -> logged("/invocations").contains(503));
    assertThat(first.send(new byte[84_000]).get().status()).isEqualTo(200);
    await("its bytes are free", () -> metric(server, "coracle_pending_bytes") == 0);
    assertThat(connect(server).send(images(1_000)).get().status()).isEqualTo(200);
    assertThat(logged("/invocations")).startsWith(503, 200);
  }

  /** Each takes a good part of a second, one after the other. */
  @Test
  void largePictures_doNotHoldUpOthers() throws Exception {
    InferenceServer server = fast(o -> o);
    BufferedImage white = new BufferedImage(3_000, 3_000, BufferedImage.TYPE_BYTE_GRAY);
    for (int x = 1_000; x < 2_000; x++) {
      white.getRaster().setSample(x, 1_500, 0, 255);
    }
    byte[] large = GoodRequest.post("/invocations", "image/png", "", png(white));
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      clients.add(connect(server).send(large));
    }
    BufferedImage small = white.getSubimage(990, 1_490, 28, 28);
    byte[] one = GoodRequest.post("/invocations", "image/png", "", png(small));
    assertThat(connect(server).send(one).get().status()).isEqualTo(200);
    assertThat(connect(server).send(images(100)).get().status()).isEqualTo(200);
    assertThat(logged("/invocations")).as("large ones still wait").hasSizeLessThan(2 + 8);
    for (RawClient client : clients) {
      assertThat(client.get().status()).isEqualTo(200);
    }
  }

  private static byte[] png(BufferedImage image) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "png", bytes);
    return bytes.toByteArray();
  }

  /** What a gzip body will take is held before it is there: once read, it would be no images. */
  @Test
  void gzipBodiesThatWouldNotFit_areRefusedBeforeTheyAreDecompressed() throws Exception {
    InferenceServer server = fast(o -> o.maxBodyBytes(1 << 20).maxPendingBytes(1 << 18));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(new byte[784 * 400 + 1]);
    }
    String encoding = "Content-Encoding: gzip\r\n";
    byte[] request =
        GoodRequest.post("/invocations", "application/octet-stream", encoding, bytes.toByteArray());
    assertTooMuch(connect(server).send(request).get());
  }

  /** The last bytes of images are no length. */
  @Test
  void bodyWithIdentityEncoding_holdsItsLength() throws Exception {
    InferenceServer server = fast(o -> o.maxBodyBytes(1 << 20).maxPendingBytes(1 << 18));
    byte[] image = new byte[784];
    Arrays.fill(image, (byte) 255);
    byte[] request =
        GoodRequest.post(
            "/invocations", "application/octet-stream", "Content-Encoding: identity\r\n", image);
    assertThat(connect(server).send(request).get().status()).isEqualTo(200);
  }

  /** To try again would not help. */
  @Test
  void moreThanAllPendingBytes_413() throws Exception {
    InferenceServer server = fast(o -> o.maxBodyBytes(1 << 20).maxPendingBytes(1 << 18));
    RawClient client = connect(server);
    client.trySend(images(400)); // 313,600 bytes, read in part
    assertTooMuch(client.get());
    String row = "0,".repeat(784);
    byte[] csv = (row.substring(0, 2 * 784 - 1) + "\n").repeat(100).getBytes(US_ASCII); // 156,800
    assertTooMuch(
        connect(server).send(GoodRequest.post("/invocations", "text/csv", "", csv)).get());
    assertThat(connect(server).send(images(300)).get().status()).isEqualTo(200);
  }

  private static void assertTooMuch(RawClient.Reply reply) throws IOException {
    assertThat(reply.status()).as("%s", reply).isEqualTo(413);
    assertThat(reply.text()).contains("takes at most 262144 bytes of memory", "send fewer images");
    ErrorForm.check(reply);
  }

  @Test
  void idleConnections2000_othersAreServed() throws Exception {
    InferenceServer server = fast(o -> o);
    List<RawClient> idle = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      idle.add(connect(server));
    }
    GoodRequest good = new GoodRequest(3);
    good.check(server.port());
    for (RawClient client : idle) {
      good.check(client.send(good.bytes()).get());
    }
  }

  @Test
  void endlessPipeline_othersAreServed() throws Exception {
    InferenceServer server = fast(o -> o);
    RawClient greedy = connect(server);
    byte[] many = get("/v2/health/live").repeat(200).getBytes(US_ASCII);
    AtomicBoolean running = new AtomicBoolean(true);
    AtomicInteger answers = new AtomicInteger();
    CompletableFuture<Void> sender =
        CompletableFuture.runAsync(
            () -> {
              while (running.get()) {
                assertThat(greedy.trySend(many)).isTrue();
                answers.addAndGet(-200);
              }
            });
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(
            () -> {
              while (!sender.isDone() || answers.get() < 0) {
                try {
                  greedy.get();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
                answers.incrementAndGet();
              }
            });
    await("the pipe is full", () -> answers.get() < -1_000);
    long longest = 0;
    for (int i = 0; i < 20; i++) {
      long start = System.nanoTime();
      new GoodRequest(i).check(server.port());
      longest = Math.max(longest, millisSince(start));
    }
    running.set(false);
    sender.get();
    reader.get();
    assertThat(longest).as("ms of the longest request beside the pipeline").isLessThan(1_000);
  }

  @Test
  void maxConnections_furtherOnesWait() throws Exception {
    InferenceServer server = fast(o -> o.maxConnections(10));
    List<RawClient> taken = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      RawClient client = connect(server);
      assertThat(client.send(get("/ping")).get().status()).isEqualTo(200);
      taken.add(client);
    }
    RawClient waiting = connect(server).send(get("/ping")).patience(500);
    assertThatThrownBy(waiting::get).isInstanceOf(SocketTimeoutException.class);
    taken.get(0).close();
    assertThat(waiting.patience(20_000).get().status()).isEqualTo(200);
    for (RawClient client : taken.subList(1, 10)) {
      assertThat(client.send(get("/ping")).get().status()).isEqualTo(200);
    }
  }
}
