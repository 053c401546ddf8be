// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.dataset.Idx;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.ZipException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GzipMemberTest {

  private static final int HEADER_CRC = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final byte[] CONTENT = "a coracle is a small boat".getBytes(US_ASCII);

  private static byte[] unwrap(byte[] bytes) throws IOException {
    try (InputStream content = GzipMember.unwrap(new ByteArrayInputStream(bytes))) {
      return content.readAllBytes();
    }
  }

  /** Builds a member by RFC 1952, with the optional fields that {@code flags} ask for. */
  private static byte[] member(int flags) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, (byte) flags, 1, 2, 3, 4, 0, 3});
    if ((flags & EXTRA) != 0) {
      out.writeBytes(new byte[] {3, 0, 'a', 'b', 'c'});
    }
    if ((flags & NAME) != 0) {
      out.writeBytes(new byte[] {'n', 'a', 'm', 'e', 0});
    }
    if ((flags & COMMENT) != 0) {
      out.writeBytes(new byte[] {'w', 'h', 'y', 0});
    }
    if ((flags & HEADER_CRC) != 0) {
      CRC32 crc = new CRC32();
      crc.update(out.toByteArray());
      out.write((int) crc.getValue());
      out.write((int) crc.getValue() >>> 8);
    }
    DeflaterOutputStream deflate =
        new DeflaterOutputStream(out, new Deflater(Deflater.BEST_COMPRESSION, /* nowrap= */ true));
    deflate.write(CONTENT);
    deflate.finish();
    CRC32 crc = new CRC32();
    crc.update(CONTENT);
    ByteBuffer trailer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    out.writeBytes(trailer.putInt((int) crc.getValue()).putInt(CONTENT.length).array());
    return out.toByteArray();
  }

  @Test
  void unwrap_everyCombinationOfHeaderFields_givesTheContent() throws IOException {
    for (int flags = 0; flags < 32; flags++) {
      assertThat(unwrap(member(flags))).as("flags %s", flags).isEqualTo(CONTENT);
    }
  }

  @Test
  void unwrap_everyCombinationCutAnywhere_throws() throws IOException {
    for (int flags = 0; flags < 32; flags++) {
      byte[] member = member(flags);
      for (int length = 2; length < member.length; length++) {
        byte[] cut = Arrays.copyOf(member, length);
        assertThatThrownBy(() -> unwrap(cut))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("at compressed offset " + length);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8191, 8192, 8193, 1_000_000})
  void unwrap_whatTheJdkCompressed_givesTheContent(int length) throws IOException {
    byte[] content = new byte[length];
    new Random(1).nextBytes(content); // does not compress, so it needs many refills

    assertThat(unwrap(Idx.gzip(content))).isEqualTo(content);
  }

  @Test
  void unwrap_plainBytes_givesThemAsTheyAre() throws IOException {
    for (byte[] plain : new byte[][] {{}, {0x1f}, {0x1f, 0, 1}, CONTENT}) {
      assertThat(unwrap(plain)).isEqualTo(plain);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, method 9 is unknown",
    "16, header is wrong", // a letter of the name, under the checksum of the header
    "-8, checksum does not match the content",
    "-4, length does not match the content"
  })
  void unwrap_oneFieldChanged_namesTheField(int index, String message) throws IOException {
    byte[] member = member(HEADER_CRC | EXTRA | NAME);
    member[index < 0 ? member.length + index : index]++;

    assertThatThrownBy(() -> unwrap(member))
        .isInstanceOf(ZipException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(ints = {0x20, 0x40, 0x80})
  void unwrap_reservedFlag_throws(int flag) throws IOException {
    byte[] member = member(flag);

    assertThatThrownBy(() -> unwrap(member))
        .isInstanceOf(ZipException.class)
        .hasMessageContaining("reserved");
  }

  @Test
  void read_byteByByte_givesTheContent() throws IOException {
    try (InputStream content = GzipMember.unwrap(new ByteArrayInputStream(member(0)))) {
      for (byte expected : CONTENT) {
        assertThat(content.read()).isEqualTo(expected);
      }
      assertThat(content.read()).isEqualTo(-1);
      assertThat(content.read()).isEqualTo(-1);
    }
  }
}
