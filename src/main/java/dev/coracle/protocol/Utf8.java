// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;

/** Checks that bytes are UTF-8, without the leniency that parsers have for speed. */
final class Utf8 {

  private Utf8() {}

  /** Returns where the text begins: after the byte order mark, if there is one. */
  static int start(byte[] bytes) {
    boolean mark =
        bytes.length >= 3
            && bytes[0] == (byte) 0xef
            && bytes[1] == (byte) 0xbb
            && bytes[2] == (byte) 0xbf;
    return mark ? 3 : 0;
  }

  /** Throws RequestException 400 if the bytes are not UTF-8. */
  static void check(byte[] bytes) {
    int all = 0;
    for (byte b : bytes) { // without an early exit, so that it compiles to vector instructions
      all |= b;
    }
    if (all < 0) {
      decode(bytes);
    }
  }

  private static void decode(byte[] bytes) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // reports, does not replace
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(1024);
    CoderResult result;
    do {
      result = decoder.decode(in, out.clear(), /* endOfInput= */ true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw RequestException.badRequest(
          "expected text in UTF-8, got the byte 0x%02x at offset %d; encode it as UTF-8"
              .formatted(bytes[in.position()], in.position()));
    }
  }
}
