// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Bodies over the limit, compressed, in pieces, longer or shorter than they say. */
class HttpBodyTest extends ServerFixture {

  private static final int LIMIT = 1 << 20;
  private static final GoodRequest GOOD = new GoodRequest(2);
  private static final String OCTETS =
      "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n";

  private RawClient connect() throws IOException {
    return connect(fast(o -> o.maxBodyBytes(LIMIT)));
  }

  private static void assertRefused(RawClient client, int status) throws IOException {
    RawClient.Reply reply = client.get();
    assertThat(reply.status()).as("%s", reply).isEqualTo(status);
    ErrorForm.check(reply);
  }

  private static void assertLastRefusal(RawClient client, int status) throws IOException {
    assertRefused(client, status);
    assertThat(client.reply()).as("answers after the refusal").isNull();
  }

  @Test
  void contentLength_overLimit_413WithoutBody() throws IOException {
    RawClient client = connect().send(OCTETS + "Content-Length: " + (LIMIT + 1) + "\r\n\r\n");
    assertLastRefusal(client, 413);
  }

  @Test
  void contentLength_overLimit_answerReachesWhoSendsTheBodyFirst() throws IOException {
    InferenceServer server = fast(o -> o.maxBodyBytes(LIMIT));
    byte[] body = new byte[2 * LIMIT];
    for (int i = 0; i < 20; i++) {
      RawClient client =
          connect(server).send(OCTETS + "Content-Length: " + body.length + "\r\n\r\n");
      client.trySend(body);
      assertRefused(client, 413);
    }
  }

  @Test
  void contentLength_atLimit_isTaken() throws IOException {
    RawClient client = connect();
    client.send(GoodRequest.post("/invocations", "application/octet-stream", "", new byte[LIMIT]));
    assertRefused(client, 400); // no multiple of 784
    GOOD.check(client.send(GOOD.bytes()).get());
  }

  @Test
  void chunks_overLimit_413WithoutTheRest() throws IOException {
    RawClient client = connect().send(OCTETS + "Transfer-Encoding: chunked\r\n\r\n");
    byte[] chunk = new byte[1 << 16];
    for (int i = 0; i < LIMIT / chunk.length; i++) {
      client.send("10000\r\n").send(chunk).send("\r\n");
    }
    client.send("7fffffffffffffff\r\nx"); // far from the last one
    assertLastRefusal(client, 413);
  }

  @Test
  void chunks_ofAnySize_areJoined() throws IOException {
    RawClient client = connect().send(OCTETS + "Transfer-Encoding: chunked\r\n\r\n");
    int sent = 0;
    for (int size = 1; sent < 784; size++) {
      byte[] part = Arrays.copyOfRange(GOOD.image(), sent, Math.min(784, sent + size));
      client.send("%x;name=value\r\n".formatted(part.length)).send(part).send("\r\n");
      sent += part.length;
    }
    GOOD.check(client.send("0\r\nTrailer: value\r\n\r\n").get());
    GOOD.check(client.send(GOOD.bytes()).get());
  }

  @Test
  void chunks_compressedAsTransferCoding_501AndTheLastAnswer() throws IOException {
    RawClient client = connect().send(OCTETS + "Transfer-Encoding: gzip, chunked\r\n\r\n");
    byte[] zipped = gzip(GOOD.image());
    client.send("%x\r\n".formatted(zipped.length)).send(zipped).send("\r\n0\r\n\r\n");
    assertLastRefusal(client, 501);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static byte[] zipped(byte[] gzip) {
    return GoodRequest.post(
        "/invocations", "application/octet-stream", "Content-Encoding: gzip\r\n", gzip);
  }

  @Test
  void gzip_isDecoded() throws IOException {
    GOOD.check(connect().send(zipped(gzip(GOOD.image()))).get());
  }

  @Test
  void gzip_bomb_413() throws IOException {
    RawClient client = connect().send(zipped(gzip(new byte[200 << 20])));
    assertRefused(client, 413);
    GOOD.check(client.send(GOOD.bytes()).get());
  }

  @Test
  void gzip_damaged_400() throws IOException {
    RawClient client = connect();
    byte[] good = gzip(GOOD.image());
    for (int i = 0; i < good.length; i += 7) {
      byte[] bad = good.clone();
      bad[i] ^= 0x55;
      RawClient.Reply reply = client.send(zipped(bad)).get();
      if (reply.status() == 200) { // a time stamp, which says nothing of the content
        GOOD.check(reply);
      } else {
        assertThat(reply.status()).as("byte %d: %s", i, reply).isEqualTo(400);
        ErrorForm.check(reply);
      }
      assertThat(client.send(zipped(Arrays.copyOf(good, i))).get().status()).isEqualTo(400);
    }
  }

  @Test
  void body_shorterThanSent_restIsTheNextRequest() throws IOException {
    RawClient client = connect().send(OCTETS + "Content-Length: 784\r\n\r\n");
    GOOD.check(client.send(GOOD.image()).send("more\r\n\r\n").get());
    assertLastRefusal(client, 400);
  }

  @Test
  void body_notReadByItsRoute_isNoRequest() throws IOException {
    String hidden = get("/metrics");
    RawClient client =
        connect().send("POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n" + hidden);
    assertLastRefusal(client, 404);
  }

  @Test
  void body_ofGet_isNoRequest() throws IOException {
    String hidden = get("/metrics");
    RawClient client =
        connect()
            .send(
                "GET /ping HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
                    .formatted(hidden.length(), hidden));
    assertThat(client.get().text()).isEmpty();
    assertThat(client.send(get("/ping")).get().text()).as("not the metrics").isEmpty();
  }

  @Test
  void expectContinue_acceptable_isToldBeforeTheBody() throws IOException {
    RawClient client =
        connect().send(OCTETS + "Expect: 100-continue\r\nContent-Length: 784\r\n\r\n");
    assertThat(client.get().status()).isEqualTo(100);
    GOOD.check(client.send(GOOD.image()).get());
    GOOD.check(client.send(GOOD.bytes()).get());
  }

  @Test
  void expectContinue_bodySentAtOnce_isAnswered() throws IOException {
    RawClient client = connect().send(GOOD.bytes("Expect: 100-continue\r\n"));
    RawClient.Reply reply = client.get();
    GOOD.check(reply.status() == 100 ? client.get() : reply);
  }

  @Test
  void expectContinue_notAcceptable_isRefusedAtOnce() throws IOException {
    RawClient client =
        connect().send(OCTETS + "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n");
    assertLastRefusal(client, 413);
  }

  @Test
  void pipelined50_areAnsweredInOrder() throws IOException {
    RawClient client = connect();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < 50; i++) {
      all.writeBytes(new GoodRequest(i).bytes());
    }
    client.send(all.toByteArray());
    for (int i = 0; i < 50; i++) {
      new GoodRequest(i).check(client.get());
    }
  }

  @Test
  void customAttributes_areEchoedInOneLine() throws IOException {
    RawClient client = connect();
    String name = "X-Amzn-SageMaker-Custom-Attributes";
    String value = "~".repeat(1_023) + " !";
    RawClient.Reply reply =
        client.send(GOOD.bytes(name + ": " + value.substring(1) + "\r\n")).get();
    GOOD.check(reply);
    assertThat(reply.header(name)).isEqualTo(value.substring(1));
    reply = client.send(GOOD.bytes(name + ": a%0d%0aX-Evil: 1\r\nX-Evil: 2\r\n")).get();
    assertThat(reply.header(name)).isEqualTo("a%0d%0aX-Evil: 1");
    assertThat(reply.header("X-Evil")).isNull();
  }

  /** What is not allowed in the answer must not be in it, whether or not the route refuses it. */
  @Test
  void customAttributes_invalid_areNotEchoed() throws IOException {
    RawClient client = connect();
    String name = "X-Amzn-SageMaker-Custom-Attributes";
    for (String value : new String[] {"a".repeat(1_025), "a\tb", "\u00e9"}) {
      byte[] ping =
          "GET /ping HTTP/1.1\r\nHost: a\r\n%s: %s\r\n\r\n"
              .formatted(name, value)
              .getBytes(ISO_8859_1);
      RawClient.Reply reply = client.send(ping).get();
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.header(name)).isNull();
    }
    for (String value : new String[] {"a".repeat(1_025), "a\tb"}) {
      RawClient.Reply reply = client.send(GOOD.bytes(name + ": " + value + "\r\n")).get();
      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.text()).contains("1024 visible ASCII");
      assertThat(reply.header(name)).isNull();
      ErrorForm.check(reply);
    }
  }

  @Test
  void accept_onTwoLines_isOneList() throws IOException {
    byte[] request = GOOD.bytes("Accept: text/html\r\nAccept: text/csv\r\n");
    RawClient.Reply reply = connect().send(request).get();
    assertThat(reply.status()).as("%s", reply).isEqualTo(200);
    assertThat(reply.header("Content-Type")).isEqualTo("text/csv");
  }

  /** Nobody may frame the page, or have it load or send anything elsewhere. */
  @Test
  void page_eachFile_hasTheSecurityHeaders() throws IOException {
    RawClient client = connect();
    for (String path : new String[] {"/", "/page.css", "/page.js"}) {
      RawClient.Reply reply = client.send(get(path)).get();
      assertThat(reply.status()).as(path).isEqualTo(200);
      assertThat(reply.header("Content-Security-Policy"))
          .as(path)
          .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
          .doesNotContain("unsafe", "*");
      assertThat(reply.header("X-Content-Type-Options")).as(path).isEqualTo("nosniff");
      assertThat(reply.header("Referrer-Policy")).as(path).isEqualTo("no-referrer");
      assertThat(reply.header("Cache-Control")).as(path).isEqualTo("no-cache");
    }
  }

  @Test
  void http10_keepAlive_staysOpen() throws IOException {
    RawClient client = connect();
    String keep = "GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    for (int i = 0; i < 3; i++) {
      RawClient.Reply reply = client.send(keep).get();
      assertThat(reply.status()).isEqualTo(200);
      assertThat(reply.header("Connection")).isEqualToIgnoringCase("keep-alive");
    }
    assertThat(client.send("GET /ping HTTP/1.0\r\n\r\n").get().status()).isEqualTo(200);
    assertThat(client.reply()).isNull();
  }

  @Test
  void head_hasNoBody() throws IOException {
    RawClient client = connect();
    RawClient.Reply reply =
        Objects.requireNonNull(client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").reply(false));
    assertThat(reply.header("Content-Length")).isNotEqualTo("0");
    GOOD.check(client.send(GOOD.bytes()).get());
  }

  @Test
  void otherMethod_405WithAllow() throws IOException {
    RawClient client = connect();
    RawClient.Reply reply = client.send("PUT /ping HTTP/1.1\r\nHost: a\r\n\r\n").get();
    assertThat(reply.status()).isEqualTo(405);
    assertThat(reply.header("Allow")).isEqualTo("GET, HEAD, OPTIONS");
    ErrorForm.check(reply);
    reply = client.send("OPTIONS /invocations HTTP/1.1\r\nHost: a\r\n\r\n").get();
    assertThat(reply.status()).isEqualTo(204);
    assertThat(reply.header("Allow")).isEqualTo("OPTIONS, POST");
  }
}
