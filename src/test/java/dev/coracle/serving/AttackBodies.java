// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static dev.coracle.serving.Attack.CLOSED;

import java.util.stream.Stream;

/** Bodies and chunks that are not what the headers say, or not what a route takes. */
final class AttackBodies {

  private static final String LAST = "0\r\n\r\n";

  private AttackBodies() {}

  static Stream<Attack> all() {
    return Stream.of(chunks(), contents()).flatMap(each -> each);
  }

  private static Stream<Attack> chunks() {
    Stream<Attack> sizes =
        Stream.of(
                "",
                "zz",
                "-1",
                "+1",
                "0x1",
                "1 1",
                "1g",
                "\u00b9",
                "\0",
                "ffffffffffffffff",
                "8000000000000000",
                "10000000000000001",
                "f".repeat(1_000))
            .map(
                size ->
                    Attack.chunks(
                        "chunk of size " + size.substring(0, Math.min(20, size.length())),
                        size + "\r\nx\r\n" + LAST,
                        400,
                        413));
    return Stream.concat(
        sizes,
        Stream.of(
            Attack.chunks("empty", LAST, 400),
            Attack.chunks("no size, no end", "\r\n\r\n\r\n", 400),
            Attack.chunks("chunk longer than its size", "1\r\nxyz\r\n" + LAST, 400),
            Attack.chunks("chunk without an end", "1\r\nx0\r\n\r\n", 400),
            Attack.chunks(
                "extension of 1 MB",
                "1;" + "a".repeat(1_000_000) + "\r\nx\r\n" + LAST,
                400,
                413,
                431,
                CLOSED),
            Attack.chunks("extension with NUL", "1;a=\0\r\nx\r\n" + LAST, 400),
            Attack.chunks("extensions", "1;a=b;c=\"d\"\r\nx\r\n" + LAST, 400),
            Attack.chunks(
                "chunk of leading zeros", "0".repeat(2_000) + "1\r\nx\r\n" + LAST, 400, 413, 431),
            Attack.chunks("trailer without a name", "1\r\nx\r\n0\r\n: a\r\n\r\n", 400),
            Attack.chunks("trailer with a length", "1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n", 400),
            Attack.chunks(
                "trailers of 100 kB",
                "1\r\nx\r\n0\r\n" + "A: b\r\n".repeat(17_000) + "\r\n",
                400,
                431,
                CLOSED),
            Attack.chunks("folded trailer", "1\r\nx\r\n0\r\nA: b\r\n c\r\n\r\n", 400),
            Attack.of(
                "chunked in 1.0",
                "POST /invocations HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + LAST,
                400),
            Attack.cut(
                "half a chunk",
                "POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                400,
                CLOSED),
            Attack.cut(
                "half a body",
                "POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n[[",
                400,
                CLOSED)));
  }

  private static Attack json(String body) {
    return Attack.post(
        body.substring(0, Math.min(40, body.length())),
        "Content-Type: application/json\r\nContent-Length: " + body.length() + "\r\n",
        body,
        400);
  }

  private static Stream<Attack> contents() {
    return Stream.of(
        json("["),
        json("[[["),
        json("{}"),
        json("null"),
        json("\0"),
        json("\u00ff\u00fe"),
        json("[[NaN]]"),
        json("[[1e999]]"),
        json("[".repeat(100_000)),
        json("{\"data\":".repeat(10_000)),
        json("{\"data\": \"" + "x".repeat(100_000) + "\"}"),
        json("9".repeat(100_000)),
        json("{\"instances\": [{\"features\": {\"features\": []}}]}"),
        json("[[<script>alert(1)</script>]]"),
        json("{\"data\": [1], \"data\": [2]}"));
  }
}
