// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a client sees of a server's options. */
class SettingsTest extends ServerFixture {

  /** SageMaker's limit of 100 MB is for all payloads at the same time. */
  @ParameterizedTest
  @CsvSource({"33554432, 6, 16", "2097152, 2, 50", "2097151, 1, 100", "1000, 1, 100"})
  void executionParameters_maxBodyBytes_bounds(int maxBodyBytes, int megabytes, int most)
      throws IOException {
    RawClient client = connect(fast(o -> o.maxBodyBytes(maxBodyBytes)));
    int transforms = Math.min(most, 2 * Runtime.getRuntime().availableProcessors());
    assertThat(client.send(get("/execution-parameters")).get().text().strip())
        .isEqualTo(
            "{\"MaxConcurrentTransforms\":%d,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":%d}"
                .formatted(transforms, megabytes));
  }

  @Test
  void executionParameters_defaults_are6Megabytes() throws IOException {
    assertThat(connect(fast(o -> o)).send(get("/execution-parameters")).get().text())
        .contains("\"MaxPayloadInMB\":6}");
  }

  @Test
  void defaultAccept_csv_answersThoseWhoAskForNothing() throws IOException {
    RawClient client = connect(fast(o -> o.defaultAccept("text/csv")));
    GoodRequest good = new GoodRequest(1);
    for (String accept : new String[] {"", "Accept: */*\r\n"}) {
      RawClient.Reply reply = client.send(good.bytes(accept)).get();
      assertThat(reply.status()).as("%s", reply).isEqualTo(200);
      assertThat(reply.header("Content-Type")).isEqualTo("text/csv");
    }
    good.check(client.send(good.bytes("Accept: application/json\r\n")).get());
  }

  @Test
  void uri_hostOfIPv6_isInBrackets() throws IOException {
    assumeTrue(hasIPv6(), "this machine has no IPv6");
    InferenceServer server = fast(o -> o.host("::1"));
    assertThat(server.uri()).hasToString("http://[::1]:" + server.port());
  }

  private static boolean hasIPv6() {
    byte[] loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}; // ::1
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByAddress(loopback))) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }
}
