// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class AnswerReaderTest {

  private static final String REFUSED =
      "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlater";

  private final AnswerReader reader = new AnswerReader();

  @Test
  void read_byteByByte_isCompleteAtTheLastOne() throws IOException {
    for (int i = 0; i < REFUSED.length(); i++) {
      assertThat(reader.read(bytes(REFUSED.substring(i, i + 1))))
          .as("after byte %d", i)
          .isEqualTo(i == REFUSED.length() - 1);
    }
    assertThat(reader.status()).isEqualTo(503);
    assertThat(reader.hasRetryAfter()).isTrue();
    assertThat(reader.closes()).isTrue();
  }

  @Test
  void read_afterReset_forgetsTheLastAnswer() throws IOException {
    assertThat(reader.read(bytes(REFUSED))).isTrue();
    reader.reset();
    assertThat(reader.read(bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))).isTrue();
    assertThat(reader.status()).isEqualTo(200);
    assertThat(reader.hasRetryAfter()).isFalse();
    assertThat(reader.closes()).isFalse();
  }

  @Test
  void read_whatIsNoAnswerWithALength_isRefused() {
    assertThatThrownBy(() -> reader.read(bytes("SSH-2.0-OpenSSH\r\n\r\n")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("SSH-2.0");
    reader.reset();
    assertThatThrownBy(
            () -> reader.read(bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("Content-Length");
    reader.reset();
    assertThatThrownBy(() -> reader.read(bytes(REFUSED + "HTTP/1.1")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("8 bytes");
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
