// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static dev.coracle.serving.Attack.CLOSED;

import java.util.stream.Stream;

/** Headers that are malformed, too large, or against each other. */
final class AttackHeaders {

  private static final String OCTETS = "Content-Type: application/octet-stream\r\n";

  private AttackHeaders() {}

  static Stream<Attack> all() {
    return Stream.of(
            hosts(),
            names(),
            values(),
            sizes(),
            lengths(),
            codings(),
            otherCodings(),
            types(),
            others())
        .flatMap(each -> each);
  }

  private static Stream<Attack> hosts() {
    String ping = "GET /ping HTTP/1.1\r\n";
    return Stream.of(
        Attack.of("no Host", ping + "\r\n", 400),
        Attack.of("no Host, 1.0", "GET /ping HTTP/1.0\r\n\r\n", 200),
        Attack.of("two Hosts", ping + "Host: a\r\nHost: b\r\n\r\n", 400),
        Attack.of("the same Host twice", ping + "Host: a\r\nHost: a\r\n\r\n", 400),
        Attack.of("empty Host", ping + "Host:\r\n\r\n", 200, 400),
        Attack.of("Host of two words", ping + "Host: a b\r\n\r\n", 400),
        Attack.of("Host with a slash", ping + "Host: a/b\r\n\r\n", 400),
        Attack.of("Host with a user", ping + "Host: a@b\r\n\r\n", 400),
        Attack.of("Host with NUL", ping + "Host: a\0b\r\n\r\n", 400),
        Attack.of("Host with a word as port", ping + "Host: a:b\r\n\r\n", 400),
        Attack.of("Host with port 99999", ping + "Host: a:99999\r\n\r\n", 400),
        Attack.of("Host with port -1", ping + "Host: a:-1\r\n\r\n", 400),
        Attack.of("Host with half an address", ping + "Host: [::1\r\n\r\n", 400));
  }

  private static Stream<Attack> names() {
    return Stream.of(
        Attack.header("no name", ": x\r\n", 400),
        Attack.header("no colon", "abc\r\n", 400),
        Attack.header("space in the name", "a b: c\r\n", 400),
        Attack.header("space before the colon", "Content-Length : 0\r\n", 400),
        Attack.header("NUL in the name", "a\0b: c\r\n", 400),
        Attack.header("bracket in the name", "a(b: c\r\n", 400),
        Attack.header("letter beyond ASCII in the name", "\u00e9: c\r\n", 400),
        Attack.header("control character in the name", "a\u0001: c\r\n", 400),
        Attack.header("CR in the name", "a\rb: c\r\n", 400),
        Attack.header("folded", "A: b\r\n c\r\n", 400),
        Attack.header("folded by a tab", "A: b\r\n\tc\r\n", 400),
        Attack.of("first one folded", "GET /ping HTTP/1.1\r\n Host: a\r\n\r\n", 400));
  }

  private static Stream<Attack> values() {
    return Stream.of(
        Attack.header("NUL in a value", "A: b\0c\r\n", 400),
        Attack.header("control character in a value", "A: b\u0001c\r\n", 400),
        Attack.header("DEL in a value", "A: b\u007fc\r\n", 400, 200),
        Attack.header("CR in a value", "A: b\rc\r\n", 400),
        Attack.header("bytes beyond ASCII in a value", "A: \u00ff\u00fe\r\n", 200, 400),
        Attack.header("bad Connection", "Connection: \u00ff, ,;close\r\n", 200, 400),
        Attack.header("bad cookies", "Cookie: ;;=;a\"\r\n", 200),
        Attack.header("bad range", "Range: bytes=9-1,--\r\n", 200));
  }

  private static Stream<Attack> sizes() {
    return Stream.of(
        Attack.header("a value of 9 kB", "A: " + "x".repeat(9_000) + "\r\n", 431),
        Attack.header("a name of 9 kB", "x".repeat(9_000) + ": a\r\n", 431),
        Attack.header("1,000 headers", "Name: value\r\n".repeat(1_000), 431),
        Attack.header("empty headers, 1,000", "N:\r\n".repeat(3_000), 431),
        Attack.header("a value of 1 MB", "A: " + "x".repeat(1_000_000) + "\r\n", 431, CLOSED));
  }

  private static Stream<Attack> lengths() {
    Stream<Attack> single =
        Stream.of(
                "",
                "-1",
                "+1",
                "-0",
                "1 1",
                "1,1",
                "1, 2",
                "0x10",
                "1e3",
                "1.0",
                "abc",
                "5;",
                "\"5\"",
                "9223372036854775808",
                "18446744073709551617",
                "9".repeat(40),
                "\u0661",
                "5\u00a0")
            .map(
                length ->
                    Attack.post(
                        "Content-Length " + length,
                        OCTETS + "Content-Length: " + length + "\r\n",
                        "x",
                        400));
    return Stream.concat(
        single,
        Stream.of(
            Attack.post("length of 2^63 - 1", "Content-Length: 9223372036854775807\r\n", "x", 413),
            Attack.post("length of 2 GiB", "Content-Length: 2147483648\r\n", "x", 413),
            Attack.post("two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n", "xx", 400),
            Attack.post("one length twice", "Content-Length: 1\r\nContent-Length: 1\r\n", "x", 400),
            Attack.post("lengths 0 and 1", "Content-Length: 0\r\ncontent-length: 1\r\n", "x", 400),
            Attack.post(
                "length and chunked",
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "0\r\n\r\n",
                400),
            Attack.post(
                "chunked and length",
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                "0\r\n\r\n",
                400),
            Attack.post("no length, no body", OCTETS, "", 400),
            Attack.post("length 0", OCTETS + "Content-Length: 0\r\n", "", 400)));
  }

  private static Stream<Attack> codings() {
    return Stream.of(
            "chunked, gzip",
            "gzip",
            "identity",
            "chunked, chunked",
            "xchunked",
            "chunked;x=y",
            "chunked, identity",
            "",
            ",",
            "chunked\u000b",
            "\"chunked\"",
            "chunke",
            "chunked x",
            "chunked\r\nTransfer-Encoding: gzip",
            "chunked\r\nTransfer-Encoding: chunked",
            "chunked\r\nTransfer-Encoding: cow")
        .map(
            coding ->
                Attack.post(
                    "Transfer-Encoding " + coding.replace("\r\n", ", "),
                    OCTETS + "Transfer-Encoding: " + coding + "\r\n",
                    "0\r\n\r\n",
                    400));
  }

  private static Stream<Attack> otherCodings() {
    return Stream.of(
            "deflate, chunked",
            "gzip, chunked",
            "GZIP , Chunked",
            "gzip\r\nTransfer-Encoding: chunked",
            "x;a=\"b, chunked\", chunked")
        .map(
            coding ->
                Attack.header(
                    "Transfer-Encoding " + coding.replace("\r\n", ", "),
                    "Transfer-Encoding: " + coding + "\r\n",
                    501));
  }

  private static Stream<Attack> types() {
    String length = "Content-Length: 1\r\n";
    Stream<Attack> contentTypes =
        Stream.of(
                "",
                ";",
                ";;;",
                "a",
                "a/",
                "/b",
                "a/b/c",
                "a b/c",
                "text/html",
                "\"",
                "application/",
                "application/json; charset=utf-16",
                "application/json; charset=\"",
                "x".repeat(4_000),
                "application/json; =",
                "\u00ff/\u00ff",
                "multipart/form-data; boundary=a",
                "application/x-www-form-urlencoded",
                "application/json, text/csv")
            .map(
                type ->
                    Attack.post(
                        "Content-Type " + type.substring(0, Math.min(40, type.length())),
                        "Content-Type: " + type + "\r\n" + length,
                        "x",
                        415,
                        400));
    return Stream.concat(
        contentTypes,
        Stream.of(
            Attack.post(
                "two types",
                "Content-Type: text/csv\r\nContent-Type: a/b\r\n" + length,
                "x",
                400,
                415),
            Attack.post("Accept none", "Accept: a/b\r\n" + OCTETS + length, "x", 406),
            Attack.post("bad Accept", "Accept: ;q=x,,/\"\r\n" + OCTETS + length, "x", 400, 406),
            Attack.post(
                "long Accept",
                "Accept: " + "a/b;q=0.1,".repeat(700) + "\r\n" + OCTETS + length,
                "x",
                406),
            Attack.post("encoding br", OCTETS + "Content-Encoding: br\r\n" + length, "x", 415),
            Attack.post(
                "two gzips", OCTETS + "Content-Encoding: gzip, gzip\r\n" + length, "x", 415),
            Attack.post("no gzip", OCTETS + "Content-Encoding: gzip\r\n" + length, "x", 400)));
  }

  private static Stream<Attack> others() {
    String length = "Content-Length: 1\r\n";
    return Stream.of(
        Attack.post(
            "Expect what is not known", OCTETS + "Expect: 200-ok\r\n" + length, "x", 417, 400),
        Attack.post("Expect nothing", OCTETS + "Expect:\r\n" + length, "x", 417, 400),
        Attack.header("Expect without a body", "Expect: 100-continue\r\n", 200),
        Attack.header(
            "upgrade to h2c",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
            200),
        Attack.header(
            "upgrade to websocket",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            200),
        Attack.header("override of the method", "X-HTTP-Method-Override: DELETE\r\n", 200),
        Attack.header("body of a GET", length, 200, 400),
        Attack.post(
            "attributes beyond ASCII",
            OCTETS + "X-Amzn-SageMaker-Custom-Attributes: \u00e9\r\n" + length,
            "x",
            400),
        Attack.post(
            "attributes with a tab",
            OCTETS + "X-Amzn-SageMaker-Custom-Attributes: a\tb\r\n" + length,
            "x",
            400),
        Attack.post(
            "attributes of 1,025 characters",
            OCTETS + "X-Amzn-SageMaker-Custom-Attributes: " + "a".repeat(1_025) + "\r\n" + length,
            "x",
            400));
  }
}
