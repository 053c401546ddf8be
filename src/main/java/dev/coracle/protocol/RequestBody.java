// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.GzipMember;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Holds the body of a request and the headers that determine its format and the answer's.
 *
 * @param contentType the header Content-Type, null where there is none
 * @param accept the header Accept, several lines joined by commas, null where there is none
 * @param bytes with any Content-Encoding undone; not copied, must not change
 */
@SuppressWarnings("ArrayRecordComponent") // created thousands of times a second, never compared
public record RequestBody(@Nullable String contentType, @Nullable String accept, byte[] bytes) {

  /** Tells whether a Content-Type is a picture's, whose length says little of its decoded size. */
  public static boolean isPicture(@Nullable String contentType) {
    MediaType type = contentType == null ? null : MediaType.parse(contentType);
    return type != null && RequestFormat.PICTURE.has(type);
  }

  /**
   * Undoes a Content-Encoding: null, identity, gzip or x-gzip.
   *
   * @param maxBytes the most bytes that the result may have
   * @throws RequestException 415 for another encoding, 413 for more than {@code maxBytes}, 400 for
   *     gzip data that are damaged, cut off, or followed by more data
   */
  public static byte[] decoded(@Nullable String contentEncoding, byte[] bytes, int maxBytes) {
    String encoding =
        contentEncoding == null ? "" : contentEncoding.strip().toLowerCase(Locale.ROOT);
    byte[] decoded =
        switch (encoding) {
          case "", "identity" -> bytes;
          case "gzip", "x-gzip" -> gunzip(bytes, maxBytes);
          default ->
              throw new RequestException(
                  415,
                  "expected the Content-Encoding gzip or none, got "
                      + Quote.text(encoding)
                      + "; send the body in one of these");
        };
    if (decoded.length > maxBytes) {
      throw new RequestException(
          413,
          String.format(
              Locale.ROOT,
              "the body has more than %,d bytes; send fewer images at once",
              maxBytes));
    }
    return decoded;
  }

  /**
   * Returns how many bytes a body claims to have once its Content-Encoding is undone, but at most
   * {@code maxBytes}.
   */
  public static int decodedBytes(@Nullable String contentEncoding, byte[] bytes, int maxBytes) {
    if (contentEncoding == null || bytes.length < Integer.BYTES) {
      return Math.min(bytes.length, maxBytes);
    }
    return (int) Math.min(Math.max(bytes.length, gzipBytes(bytes)), maxBytes);
  }

  /** Returns the uncompressed length stated at the end of gzip data (RFC 1952, 2.3.1). */
  private static long gzipBytes(byte[] bytes) {
    ByteBuffer end = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return Integer.toUnsignedLong(end.getInt(bytes.length - Integer.BYTES));
  }

  /** Returns at most {@code maxBytes + 1} bytes. */
  private static byte[] gunzip(byte[] bytes, int maxBytes) {
    try (InputStream in = GzipMember.open(new ByteArrayInputStream(bytes))) {
      long said = bytes.length < Integer.BYTES ? Long.MAX_VALUE : gzipBytes(bytes);
      if (said > maxBytes) {
        return in.readNBytes(maxBytes < Integer.MAX_VALUE ? maxBytes + 1 : maxBytes);
      }
      byte[] content = new byte[(int) said]; // at once: readNBytes would take twice the memory
      int count = in.readNBytes(content, 0, content.length);
      if (in.read() >= 0 || count < content.length) { // read() also checks the trailer
        throw new IOException("expected %d bytes, as its end says, found others".formatted(said));
      }
      return content;
    } catch (IOException e) {
      throw new RequestException(
          400, "cannot decompress the body: " + e.getMessage() + "; compress it again", e);
    }
  }
}
