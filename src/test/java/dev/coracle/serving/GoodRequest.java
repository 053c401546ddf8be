// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.inference.TestModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;

/** A request for one image, whose answer by {@link TestModel#mnist} plain Java computes. */
final class GoodRequest {

  private static final TestModel MODEL = TestModel.mnist();

  private final byte[] image = new byte[28 * 28];
  private final double[] expected;

  GoodRequest(long seed) {
    new Random(seed).nextBytes(image);
    expected = MODEL.expected(image);
  }

  byte[] image() {
    return image;
  }

  byte[] bytes() {
    return bytes("");
  }

  /** Returns the request; {@code headers} are lines with their ends. */
  byte[] bytes(String headers) {
    return post("/invocations", "application/octet-stream", headers, image);
  }

  static byte[] post(String target, String type, String headers, byte[] body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
            .formatted(target, type, body.length, headers)
            .getBytes(US_ASCII));
    out.writeBytes(body);
    return out.toByteArray();
  }

  /** Checks the probabilities, which float32 arithmetic gives to 1e-5. */
  void check(RawClient.Reply reply) throws IOException {
    assertThat(reply.status()).as("%s", reply).isEqualTo(200);
    double[] probabilities = new double[expected.length];
    int count = 0;
    try (JsonParser json = new JsonFactory().createParser(reply.body())) {
      while (!"probabilities".equals(json.currentName())) {
        assertThat(json.nextToken()).as("%s", reply).isNotNull();
      }
      json.nextToken();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        probabilities[count++] = json.getDoubleValue();
      }
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat(probabilities[i]).isCloseTo(Math.exp(expected[i]), within(1e-5));
    }
  }

  /** Sends the request on a connection of its own and checks the answer. */
  void check(int port) throws IOException {
    try (RawClient client = new RawClient(port)) {
      check(client.send(bytes()).get());
    }
  }
}
