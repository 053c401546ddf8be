// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Takes HTTP/1.1 answers with a Content-Length apart as their bytes arrive; the body's content is
 * skipped. One connection's, one answer at a time; {@link #reset} before the next.
 */
final class AnswerReader {

  private static final int MAX_HEAD = 8192;

  private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.1 \\d{3}( .*)?");

  private final byte[] head = new byte[MAX_HEAD];
  private int headLength;
  private boolean inBody;
  private long bodyLeft;
  private int status;
  private boolean closes;
  private boolean retryAfter;

  void reset() {
    headLength = 0;
    inBody = false;
    bodyLeft = 0;
    closes = false;
    retryAfter = false;
  }

  /** Takes what has arrived; returns true when the answer is complete. */
  boolean read(ByteBuffer bytes) throws IOException {
    while (!inBody && bytes.hasRemaining()) {
      if (headLength == MAX_HEAD) {
        throw new IOException("expected headers of at most " + MAX_HEAD + " bytes");
      }
      head[headLength++] = bytes.get();
      if (endsHead()) {
        parse(new String(head, 0, headLength, StandardCharsets.ISO_8859_1));
        inBody = true;
      }
    }
    int skipped = (int) Math.min(bodyLeft, bytes.remaining());
    bytes.position(bytes.position() + skipped);
    bodyLeft -= skipped;
    if (inBody && bodyLeft == 0 && bytes.hasRemaining()) {
      throw new IOException("got " + bytes.remaining() + " bytes behind the end of an answer");
    }
    return inBody && bodyLeft == 0;
  }

  private boolean endsHead() {
    return headLength >= 4
        && head[headLength - 1] == '\n'
        && head[headLength - 2] == '\r'
        && head[headLength - 3] == '\n';
  }

  private void parse(String text) throws IOException {
    String[] lines = text.split("\r\n");
    if (!STATUS_LINE.matcher(lines[0]).matches()) {
      throw new IOException("expected a status line of HTTP/1.1, got " + lines[0]);
    }
    status = Integer.parseInt(lines[0].substring(9, 12));
    bodyLeft = -1;
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      String name = lines[i].substring(0, Math.max(colon, 0));
      String value = lines[i].substring(colon + 1).strip();
      if (name.equalsIgnoreCase("Content-Length")) {
        bodyLeft = Long.parseLong(value);
      } else if (name.equalsIgnoreCase("Connection")) {
        closes = value.equalsIgnoreCase("close");
      } else if (name.equalsIgnoreCase("Retry-After")) {
        retryAfter = true;
      }
    }
    if (bodyLeft < 0) {
      throw new IOException("expected a Content-Length, got " + String.join(", ", lines));
    }
  }

  int status() {
    return status;
  }

  /** Tells whether the server said that it closes the connection. */
  boolean closes() {
    return closes;
  }

  boolean hasRetryAfter() {
    return retryAfter;
  }
}
