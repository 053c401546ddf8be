// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static dev.coracle.serving.Attack.CLOSED;

import java.util.stream.Stream;

/** Request lines that are malformed, or that some server has once taken for what they are not. */
final class AttackLines {

  private static final String GOOD_HEADERS = "\r\nHost: a\r\n\r\n";

  private AttackLines() {}

  static Stream<Attack> all() {
    return Stream.of(shapes(), methods(), versions(), otherProtocols(), paths(), queries())
        .flatMap(each -> each);
  }

  private static Stream<Attack> shapes() {
    return Stream.of(
        Attack.line("GARBAGE", 400),
        Attack.line("GET", 400),
        Attack.line("GET ", 400),
        Attack.line("GET /ping", 400),
        Attack.line("GET /ping ", 400),
        Attack.line(" GET /ping HTTP/1.1", 400),
        Attack.line("\tGET /ping HTTP/1.1", 400),
        Attack.line("GET  /ping HTTP/1.1", 400, 200),
        Attack.line("GET\t/ping HTTP/1.1", 400),
        Attack.line("GET /ping\tHTTP/1.1", 400),
        Attack.line("GET /ping HTTP/1.1 x", 400),
        Attack.line("GET /ping http/1.1", 400, 200), // the parser takes either case
        Attack.line("GET /ping /ping HTTP/1.1", 400),
        Attack.line("\0GET /ping HTTP/1.1", 400),
        Attack.line("GET\0/ping HTTP/1.1", 400),
        Attack.line("\u00ff\u00fe\u00fd", 400),
        Attack.line("{\"data\": [1]}", 400),
        Attack.of("no line end but LF", "GET /ping HTTP/1.1\nHost: a\n\n", 200, 400),
        Attack.cut("no line end but CR", "GET /ping HTTP/1.1\rHost: a\r\r", 400),
        Attack.of("blank lines before", "\r\n\r\nGET /ping HTTP/1.1" + GOOD_HEADERS, 200, 400),
        Attack.of("NULs", "\0".repeat(100), 400),
        Attack.cut("nothing", "", CLOSED),
        Attack.cut("only a line end", "\r\n", CLOSED, 400),
        Attack.cut("half a method", "GE", 400, CLOSED),
        Attack.cut("half a line", "GET /pi", 400, CLOSED),
        Attack.cut("half a header", "GET /ping HTTP/1.1\r\nHost: a\r\nAcc", 400, CLOSED),
        Attack.cut("no blank line", "GET /ping HTTP/1.1\r\nHost: a\r\n", 400, CLOSED));
  }

  private static Stream<Attack> methods() {
    return Stream.of(
        Attack.line("get /ping HTTP/1.1", 405, 400),
        Attack.line("GeT /ping HTTP/1.1", 405, 400),
        Attack.line("G@T /ping HTTP/1.1", 400),
        Attack.line("GET, /ping HTTP/1.1", 400),
        Attack.line("\"GET\" /ping HTTP/1.1", 400),
        Attack.line("G\0T /ping HTTP/1.1", 400),
        Attack.line("G\u00e9T /ping HTTP/1.1", 400),
        Attack.line("X".repeat(200) + " /ping HTTP/1.1", 405, 400),
        Attack.line("X".repeat(10_000) + " /ping HTTP/1.1", 400, 414, 431),
        Attack.line("PROPFIND /ping HTTP/1.1", 405),
        Attack.line("TRACE /ping HTTP/1.1", 405),
        Attack.line("PUT /ping HTTP/1.1", 405),
        Attack.line("PATCH /metrics HTTP/1.1", 405),
        Attack.line("DELETE / HTTP/1.1", 405),
        Attack.line("POST /ping HTTP/1.1", 405),
        Attack.line("GET /invocations HTTP/1.1", 405),
        Attack.line("GET /v2/models/model/infer HTTP/1.1", 405),
        Attack.line("POST /v2/health/live HTTP/1.1", 405),
        Attack.line("CONNECT a:443 HTTP/1.1", 400, 404, 405),
        Attack.line("OPTIONS * HTTP/1.1", 204, 400, 404));
  }

  private static Stream<Attack> versions() {
    return Stream.of(
            "HTTP/0.9",
            "HTTP/1.2",
            "HTTP/2.0",
            "HTTP/2",
            "HTTP/3.0",
            "HTTP/9.9",
            "HTTP/1",
            "HTTP/1.",
            "HTTP/.1",
            "HTTP/1.1.1",
            "HTTP/11",
            "HTTP/-1.1",
            "HTTP/01.1",
            "HTTP 1.1",
            "HTTP/1,1",
            "HTTPS/1.1",
            "FTP/1.1",
            "HTTP/1.x",
            "HTTP/\u00b9.1",
            "/1.1",
            "HTTP/" + "1".repeat(10_000))
        .map(version -> Attack.line("GET /ping " + version, 400, 431));
  }

  private static Stream<Attack> otherProtocols() {
    return Stream.of(
        Attack.of("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 400),
        Attack.of(
            "TLS hello",
            "\u0016\u0003\u0001\0\u00a5\1\0\0\u00a1\u0003\u0003" + "\u0007".repeat(150) + "\n",
            400),
        Attack.of("SSH", "SSH-2.0-OpenSSH_9.6\r\n\r\n", 400),
        Attack.of("PROXY", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /ping HTTP/1.1\r\n\r\n", 400),
        Attack.of("PROXY 2", "\r\n\r\n\0\r\nQUIT\n!\021\0\f" + "\1".repeat(12), 400),
        Attack.of("SMTP", "EHLO example.org\r\n\r\n", 400),
        Attack.of("Redis", "*1\r\n$4\r\nPING\r\n\r\n", 400));
  }

  private static Stream<Attack> paths() {
    return Stream.of(
        Attack.target("/nothing", 404),
        Attack.target("/ping/", 404),
        Attack.target("/PING", 404),
        Attack.target("//ping", 404, 400),
        Attack.target("/ping//", 404, 400),
        Attack.target("/../../etc/passwd", 400, 404),
        Attack.target("/page.css/../../../etc/passwd", 400, 404),
        Attack.target("/%2e%2e/%2e%2e/etc/passwd", 400, 404),
        Attack.target("/..%2f..%2fetc/passwd", 400, 404),
        Attack.target("/..;/metrics", 400, 404),
        Attack.target("/..\\..\\windows\\win.ini", 400, 404),
        Attack.target("/%5c..%5c", 400, 404),
        Attack.target("/v2/models/../../ping", 200, 400),
        Attack.target("/v2/models/a%2fb", 400, 404),
        Attack.target("/v2/models/%2e%2e%2fx/ready", 400, 404),
        Attack.target("/v2/models/" + "x".repeat(5_000), 404),
        Attack.target("/v2/models/%22%3cscript%3e", 404),
        Attack.target("/v2/models/%0d%0aX-Evil:%201", 400, 404),
        Attack.target("/v2/models//ready", 400, 404),
        Attack.target("/v2/models/{name}", 400, 404),
        Attack.target("/models", 404),
        Attack.target("/ping%00", 400, 404),
        Attack.target("/%00", 400, 404),
        Attack.target("/ping%", 400),
        Attack.target("/%zz", 400),
        Attack.target("/%u0041", 400, 404),
        Attack.target("/%c0%af", 400, 404),
        Attack.target("/%ff%fe", 400, 404),
        Attack.target("/%ed%a0%80", 400, 404),
        Attack.target("/ping%20", 404, 400),
        Attack.target("/\u00e9", 400, 404),
        Attack.target("/\u0001", 400),
        Attack.target("/\u007f", 400, 404),
        Attack.target("/pi\0ng", 400),
        Attack.target("/<>\"{}|^`", 400, 404),
        Attack.target("ping", 400, 404),
        Attack.target("*", 400, 404),
        Attack.target("?", 400, 404),
        Attack.target("#", 400, 404),
        Attack.target("/ping#x", 400, 404, 200),
        Attack.target("/;", 400, 404, 200),
        Attack.target("/ping;jsessionid=1", 400, 404, 200),
        Attack.target("http://a/ping", 200),
        Attack.target("http://a:99999/ping", 400),
        Attack.target("http:///ping", 400, 404),
        Attack.target("http://", 400, 404),
        Attack.target("http://other/ping", 200, 400),
        Attack.target("https://a/ping", 200, 400),
        Attack.target("ftp://a/ping", 400, 404, 200),
        Attack.target("http://user:pass@a/ping", 400, 200),
        Attack.target("http://[::1/ping", 400),
        Attack.target("javascript:alert(1)", 400, 404),
        Attack.target("/" + "a".repeat(9_000), 414),
        Attack.target("/" + "a".repeat(1_000_000), 414, CLOSED),
        Attack.target("/" + "../".repeat(2_000), 400, 404),
        Attack.target("/" + "%41".repeat(2_000), 404));
  }

  private static Stream<Attack> queries() {
    return Stream.of(
        Attack.target("/ping?" + "a".repeat(9_000), 414),
        Attack.target("/ping?a=\u0001", 400),
        Attack.target("/ping?a=\0", 400),
        Attack.line("POST /api/classify?probabilities=yes HTTP/1.1", 400),
        Attack.line("POST /api/classify?probabilities=%zz HTTP/1.1", 400),
        Attack.line("POST /api/classify?probabilities=%ff HTTP/1.1", 400),
        Attack.line("POST /api/classify?% HTTP/1.1", 400),
        Attack.line("POST /api/classify?" + "&a".repeat(3_000) + " HTTP/1.1", 400));
  }
}
