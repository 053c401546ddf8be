// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A request that should not be, and what may come of it.
 *
 * @param statuses the statuses of which the answer must have one; {@link #CLOSED} allows none
 * @param ends whether the client closes its side after the request
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Attack(String name, byte[] request, Set<Integer> statuses, boolean ends) {

  static final int CLOSED = 0;

  /** Makes an attack of a text, one byte a character. */
  static Attack of(String name, String request, Integer... statuses) {
    return new Attack(name, request.getBytes(ISO_8859_1), Set.of(statuses), false);
  }

  /** Makes an attack that breaks off in the middle. */
  static Attack cut(String name, String request, Integer... statuses) {
    return new Attack(name, request.getBytes(ISO_8859_1), Set.of(statuses), true);
  }

  /** Makes a GET of {@code /ping} with header lines, each with its end. */
  static Attack header(String name, String lines, Integer... statuses) {
    return of(name, "GET /ping HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n", statuses);
  }

  /** Makes a request without headers but Host of a request line. */
  static Attack line(String line, Integer... statuses) {
    return of(printable(line), line + "\r\nHost: a\r\n\r\n", statuses);
  }

  /** Makes a GET of a target. */
  static Attack target(String target, Integer... statuses) {
    return line("GET " + target + " HTTP/1.1", statuses);
  }

  /** Makes a POST to {@code /invocations} with header lines, each with its end, and a body. */
  static Attack post(String name, String lines, String body, Integer... statuses) {
    String head = "POST /invocations HTTP/1.1\r\nHost: a\r\n";
    return of(name, head + lines + "\r\n" + body, statuses);
  }

  /** Makes a POST of bytes in chunks that are as they are given. */
  static Attack chunks(String name, String chunks, Integer... statuses) {
    String type = "Content-Type: application/octet-stream\r\n";
    return post(name, type + "Transfer-Encoding: chunked\r\n", chunks, statuses);
  }

  private static String printable(String text) {
    return text.chars()
        .limit(60)
        .mapToObj(c -> (c > 0x20 && c < 0x7f) || c == ' ' ? "" + (char) c : "\\x%02x".formatted(c))
        .collect(Collectors.joining());
  }

  @Override
  public String toString() {
    return name + " -> " + Arrays.toString(statuses.stream().sorted().toArray());
  }
}
