// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RequestBodyTest {

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  private static void assertRefused(int status, @Nullable String encoding, byte[] bytes) {
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> RequestBody.decoded(encoding, bytes, 1000))
        .extracting(RequestException::status)
        .isEqualTo(status);
  }

  @Test
  void decoded_eachEncoding_givesTheContent() throws IOException {
    byte[] content = new byte[1000];
    Arrays.fill(content, (byte) 7);
    for (@Nullable String encoding : new @Nullable String[] {null, "", "identity"}) {
      assertThat(RequestBody.decoded(encoding, content, 1000)).isEqualTo(content);
    }
    for (String encoding : new String[] {"gzip", "x-gzip", " GZip "}) {
      assertThat(RequestBody.decoded(encoding, gzip(content), 1000)).isEqualTo(content);
    }
  }

  @Test
  void isPicture_everyNameOfOne_isTrue() {
    for (String type :
        List.of("image/png", "IMAGE/JPEG", "image/jpg; x=y", " application/x-image")) {
      assertThat(RequestBody.isPicture(type)).as(type).isTrue();
    }
    for (@Nullable String type :
        new @Nullable String[] {null, "", "image", "application/json", "image/gif", "a/b;;;="}) {
      assertThat(RequestBody.isPicture(type)).as(type).isFalse();
    }
  }

  @Test
  void decoded_unknownEncoding_is415() {
    for (String encoding : new String[] {"br", "deflate", "gzip, gzip"}) {
      assertRefused(415, encoding, new byte[1]);
    }
  }

  @Test
  void decoded_longerThanTheLimit_is413() throws IOException {
    assertRefused(413, null, new byte[1001]);
    assertRefused(413, "gzip", gzip(new byte[1001]));
    assertRefused(413, "gzip", gzip(new byte[50_000_000]));
  }

  @Test
  void decoded_damagedGzip_is400() throws IOException {
    byte[] whole = gzip(new byte[] {1, 2, 3, 4, 5});
    for (int length = 0; length < whole.length; length++) {
      assertRefused(400, "gzip", Arrays.copyOf(whole, length));
    }
    assertRefused(400, "gzip", Arrays.copyOf(whole, whole.length + 1));
    byte[] wrongSum = whole.clone();
    wrongSum[whole.length - 8] ^= 1;
    assertRefused(400, "gzip", wrongSum);
  }

  @Test
  void decodedBytes_identity_isTheLength() {
    byte[] bytes = new byte[100];
    Arrays.fill(bytes, (byte) 0x7f); // as gzip, 2 GiB
    for (@Nullable String encoding : new @Nullable String[] {null, "", " Identity"}) {
      assertThat(RequestBody.decodedBytes(encoding, bytes, 1 << 20)).isEqualTo(100);
    }
  }

  @Test
  void decodedBytes_gzip_isWhatItSaysButNoMoreThanItCanGive() throws IOException {
    byte[] bytes = gzip(new byte[100_000]);
    assertThat(RequestBody.decodedBytes("gzip", bytes, 1 << 20)).isEqualTo(100_000);
    assertThat(RequestBody.decodedBytes("gzip", bytes, 5_000)).isEqualTo(5_000);
    byte[] lie = gzip(new byte[] {1, 2, 3});
    Arrays.fill(lie, lie.length - 4, lie.length, (byte) 0x7f);
    assertThat(RequestBody.decodedBytes("x-gzip", lie, 1 << 30)).isEqualTo(1032 * lie.length);
  }

  @Test
  void decoded_gzipThatSaysMoreThanItHolds_is400InLittleMemory() throws IOException {
    byte[] lie = gzip(new byte[] {1, 2, 3});
    lie[lie.length - 4] = 0;
    lie[lie.length - 1] = 2; // 32 MiB
    ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    long before = threads.getCurrentThreadAllocatedBytes();
    assertThatExceptionOfType(RequestException.class)
        .isThrownBy(() -> RequestBody.decoded("gzip", lie, 32 << 20))
        .withMessageContaining("length does not match");
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(8 << 20);
  }
}
