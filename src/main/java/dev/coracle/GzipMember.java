// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses a stream that is exactly one gzip member (RFC 1952), and refuses any other. Throws
 * EOFException where the stream ends early and ZipException where it is damaged; both give the
 * offset in the compressed bytes. Not thread-safe.
 *
 * <h2>Why not GZIPInputStream</h2>
 *
 * {@link java.util.zip.GZIPInputStream} takes whatever follows the first member for another member,
 * and silently drops it if it is not one. Here a data file must have a single content: the trailer
 * must match the CRC-32 and length of the data read, and must end the stream. It is checked on the
 * read that returns -1, so a reader has to read up to there.
 */
public final class GzipMember extends InputStream {

  /**
   * Most content bytes that one compressed byte can give: two bits can stand for a match of 258
   * bytes (RFC 1951, 3.2.5).
   */
  public static final int MAX_RATIO = 1032;

  private static final int MAGIC_0 = 0x1f;
  private static final int MAGIC_1 = 0x8b;
  private static final int DEFLATE = 8;
  private static final int FLAG_HEADER_CRC = 0x02;
  private static final int FLAG_EXTRA = 0x04;
  private static final int FLAG_NAME = 0x08;
  private static final int FLAG_COMMENT = 0x10;
  private static final int FLAGS_RESERVED = 0xe0;

  private final InputStream compressed;
  private final byte[] buffer = new byte[8192];
  private int position;
  private int limit;
  private long bufferOffset; // offset of buffer[0] in the compressed bytes
  private final CRC32 crc = new CRC32();
  private final Inflater inflater;
  private boolean ended;

  private GzipMember(InputStream compressed) throws IOException {
    this.compressed = compressed;
    readHeader();
    crc.reset();
    inflater = new Inflater(/* nowrap= */ true);
  }

  /**
   * Returns the content of {@code raw}: decompressed when it starts with 1f 8b, otherwise
   * unchanged. Closing the result closes {@code raw}.
   */
  public static InputStream unwrap(InputStream raw) throws IOException {
    PushbackInputStream all = new PushbackInputStream(raw, 2);
    byte[] start = all.readNBytes(2);
    all.unread(start);
    boolean gzip =
        start.length == 2 && (start[0] & 0xff) == MAGIC_0 && (start[1] & 0xff) == MAGIC_1;
    return gzip ? new GzipMember(all) : all;
  }

  /** Returns the content of {@code compressed}; closing the result closes it. */
  public static InputStream open(InputStream compressed) throws IOException {
    return new GzipMember(compressed);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (ended) {
      return -1;
    }
    if (length == 0) {
      return 0;
    }
    try {
      while (!inflater.finished()) {
        int count = inflater.inflate(target, offset, length);
        if (count > 0) {
          crc.update(target, offset, count);
          return count;
        }
        if (inflater.needsInput()) {
          if (position == limit && !refill()) {
            throw endsEarly();
          }
          inflater.setInput(buffer, position, limit - position);
          position = limit;
        }
      }
    } catch (DataFormatException e) {
      position = limit - inflater.getRemaining();
      throw damaged("the deflate data is invalid (" + e.getMessage() + ")", e);
    }
    position = limit - inflater.getRemaining();
    readTrailer();
    ended = true;
    return -1;
  }

  @Override
  public void close() throws IOException {
    ended = true;
    inflater.end();
    compressed.close();
  }

  private void readHeader() throws IOException {
    if (next() != MAGIC_0 || next() != MAGIC_1) {
      throw damaged("a gzip header starts with 1f 8b", null);
    }
    int method = next();
    if (method != DEFLATE) {
      throw damaged("gzip method " + method + " is unknown, expected " + DEFLATE, null);
    }
    int flags = next();
    if ((flags & FLAGS_RESERVED) != 0) {
      throw damaged("the reserved gzip flags are set", null);
    }
    skipBytes(6); // time, compression level, operating system
    if ((flags & FLAG_EXTRA) != 0) {
      skipBytes(nextLittleEndian(2));
    }
    if ((flags & FLAG_NAME) != 0) {
      skipText();
    }
    if ((flags & FLAG_COMMENT) != 0) {
      skipText();
    }
    if ((flags & FLAG_HEADER_CRC) != 0) {
      long computed = crc.getValue() & 0xffff;
      if (nextLittleEndian(2) != computed) {
        throw damaged("the checksum of the gzip header is wrong", null);
      }
    }
  }

  private void readTrailer() throws IOException {
    long computed = crc.getValue();
    if (nextLittleEndian(4) != computed) {
      throw damaged("the gzip checksum does not match the content", null);
    }
    if (nextLittleEndian(4) != (inflater.getBytesWritten() & 0xffffffffL)) {
      throw damaged("the gzip length does not match the content", null);
    }
    if (position < limit || refill()) {
      throw damaged("there is more after the end of the gzip data", null);
    }
  }

  private void skipBytes(long count) throws IOException {
    for (long i = 0; i < count; i++) {
      next();
    }
  }

  private void skipText() throws IOException {
    while (next() != 0) {}
  }

  private long nextLittleEndian(int bytes) throws IOException {
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (long) next() << (8 * i);
    }
    return value;
  }

  /** Returns the next compressed byte; it also enters the CRC, which only the header needs. */
  private int next() throws IOException {
    if (position == limit && !refill()) {
      throw endsEarly();
    }
    int value = Byte.toUnsignedInt(buffer[position++]);
    crc.update(value);
    return value;
  }

  private boolean refill() throws IOException {
    bufferOffset += limit;
    position = 0;
    limit = Math.max(0, compressed.read(buffer));
    return limit > 0;
  }

  private EOFException endsEarly() {
    return new EOFException("the gzip data ends early, at compressed offset " + offset());
  }

  private ZipException damaged(String what, @Nullable Throwable cause) {
    ZipException e = new ZipException(what + ", at compressed offset " + offset());
    e.initCause(cause);
    return e;
  }

  private long offset() {
    return bufferOffset + position;
  }
}
