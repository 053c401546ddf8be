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
    if (isGzip(contentEncoding)) {
      return gunzip(bytes, maxBytes);
    }
    if (bytes.length > maxBytes) {
      throw tooLong(maxBytes);
    }
    return bytes;
  }

  /**
   * Returns how many bytes a body claims to have once its Content-Encoding is undone, but at most
   * {@code maxBytes}, and as many as gzip data of its length can give.
   *
   * @throws RequestException 415 for another encoding than {@link #decoded} takes
   */
  public static int decodedBytes(@Nullable String contentEncoding, byte[] bytes, int maxBytes) {
    int held = Math.min(bytes.length, maxBytes);
    return isGzip(contentEncoding) ? Math.max(held, gzipSize(bytes, maxBytes)) : held;
  }

  private static boolean isGzip(@Nullable String contentEncoding) {
    String encoding =
        contentEncoding == null ? "" : contentEncoding.strip().toLowerCase(Locale.ROOT);
    return switch (encoding) {
      case "", "identity" -> false;
      case "gzip", "x-gzip" -> true;
      default ->
          throw new RequestException(
              415,
              "expected the Content-Encoding gzip or none, got "
                  + Quote.text(encoding)
                  + "; send the body in one of these");
    };
  }

  /**
   * Returns the length stated at the end of gzip data (RFC 1952, 2.3.1), which anybody can write
   * there, but at most what the data can give and {@code maxBytes}.
   */
  private static int gzipSize(byte[] bytes, int maxBytes) {
    if (bytes.length < Integer.BYTES) {
      return 0;
    }
    ByteBuffer end = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long said = Integer.toUnsignedLong(end.getInt(bytes.length - Integer.BYTES));
    return (int) Math.min(Math.min(said, (long) GzipMember.MAX_RATIO * bytes.length), maxBytes);
  }

  private static byte[] gunzip(byte[] bytes, int maxBytes) {
    try (InputStream in = GzipMember.open(new ByteArrayInputStream(bytes))) {
      // At once: readNBytes would take twice the memory.
      byte[] content = new byte[gzipSize(bytes, maxBytes)];
      int count = in.readNBytes(content, 0, content.length);
      boolean more = in.read() >= 0; // which also checks the trailer
      if (more && count == maxBytes) {
        throw tooLong(maxBytes);
      }
      if (more || count < content.length) {
        throw new IOException(
            "expected %d bytes, as its end says, found others".formatted(content.length));
      }
      return content;
    } catch (IOException e) {
      throw new RequestException(
          400, "cannot decompress the body: " + e.getMessage() + "; compress it again", e);
    }
  }

  private static RequestException tooLong(int maxBytes) {
    return new RequestException(
        413,
        String.format(
            Locale.ROOT, "the body has more than %,d bytes; send fewer images at once", maxBytes));
  }
}
