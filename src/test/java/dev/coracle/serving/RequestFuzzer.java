// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/**
 * Makes requests that are wrong in a few places: parts of valid ones of all routes and types,
 * exchanged, repeated, cut and damaged, with their length put right or not.
 */
final class RequestFuzzer {

  private static final String[] METHODS = {
    "GET", "POST", "POST", "POST", "PUT", "DELETE", "OPTIONS"
  };

  private static final String[] TARGETS = {
    "/",
    "/page.css",
    "/page.js",
    "/openapi.json",
    "/metrics",
    "/ping",
    "/execution-parameters",
    "/invocations",
    "/invocations",
    "/invocations",
    "/api/classify",
    "/api/classify",
    "/api/classify?probabilities=true",
    "/v2",
    "/v2/",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/model",
    "/v2/models/model/ready",
    "/v2/models/model/infer",
    "/v2/models/model/infer",
    "/v2/models/model/versions/1/infer",
    "/v2/repository/index",
    "/models",
    "*",
    "/v2/models/other/infer",
    "http://a/ping",
    "/%2e%2e/x",
    "/invocations/",
    "//"
  };

  private static final String[] TYPES = {
    "application/json",
    "text/csv",
    "text/csv; header=present",
    "application/jsonlines",
    "application/x-npy",
    "application/octet-stream",
    "image/png",
    "image/jpeg",
    "application/x-image",
    "application/json; scale=255",
    "application/json; charset=utf-8",
    "text/plain",
    "a/b",
    "*/*",
    ""
  };

  private static final String[] HEADERS = {
    "Accept: text/csv",
    "Accept: application/x-npy;q=0.5, */*;q=0.1",
    "Accept: a/b",
    "Accept: application/jsonlines",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Expect: 100-continue",
    "Expect: x",
    "Connection: close",
    "Connection: keep-alive",
    "Transfer-Encoding: chunked",
    "Content-Length: 5",
    "Content-Length: -1",
    "Upgrade: h2c",
    "X-Amzn-SageMaker-Custom-Attributes: abc",
    "A:b",
    "A",
    ": b",
    " folded",
    "Host: b",
    "Range: bytes=0-1"
  };

  private static final String[] TOKENS = {
    "[",
    "]",
    "{",
    "}",
    "\"",
    ",",
    ":",
    "\r\n",
    "\n",
    "\0",
    "-1",
    "1e999",
    "NaN",
    "null",
    "true",
    "\"data\":",
    "\"instances\":",
    "\"inputs\":",
    "\"shape\":[1,1,28,28]",
    "\"datatype\":\"FP32\"",
    "9".repeat(40),
    "[".repeat(200),
    "\u00ff\u00fe",
    "\u00ef\u00bb\u00bf",
    "%00",
    "; ",
    "HTTP/1.1",
    "0\r\n\r\n",
    "ffffffff\r\n"
  };

  private final Random random;
  private final List<byte[]> bodies = new ArrayList<>();

  RequestFuzzer(long seed, List<byte[]> pictures) {
    random = new Random(seed);
    byte[] image = new byte[784];
    random.nextBytes(image);
    String row = Arrays.toString(image).replace(" ", "");
    bodies.addAll(pictures);
    bodies.add(image);
    bodies.add(new byte[0]);
    for (String json :
        List.of(
            "[" + row + "]",
            "{\"data\":[" + row + "," + row + "]}",
            "{\"inputs\":" + row + "}",
            "{\"instances\":[{\"features\":" + row + "}]}",
            "{\"id\":\"x\",\"inputs\":[{\"name\":\"input_0\",\"shape\":[1,1,28,28],"
                + "\"datatype\":\"FP32\",\"data\":"
                + row
                + "}]}",
            row.substring(1, row.length() - 1) + "\r\n",
            row + "\n{\"features\":" + row + "}\n")) {
      bodies.add(json.getBytes(US_ASCII));
    }
    bodies.add(npy(image));
  }

  private static byte[] npy(byte[] image) {
    String header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 784), }";
    header += " ".repeat(117 - header.length()) + "\n";
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        ("\u0093NUMPY\1\0" + (char) header.length() + "\0" + header).getBytes(ISO_8859_1));
    out.writeBytes(image);
    return out.toByteArray();
  }

  private String one(String[] words) {
    return words[random.nextInt(words.length)];
  }

  private boolean chance(int of) {
    return random.nextInt(of) == 0;
  }

  byte[] next() {
    if (chance(50)) {
      byte[] noise = new byte[random.nextInt(2_000)];
      random.nextBytes(noise);
      return noise;
    }
    byte[] body = bodies.get(random.nextInt(bodies.size()));
    if (!chance(3)) {
      body = damaged(body);
    }
    StringBuilder head = new StringBuilder();
    head.append(one(METHODS)).append(' ').append(one(TARGETS)).append(" HTTP/1.1\r\nHost: a\r\n");
    head.append("Content-Type: ").append(one(TYPES)).append("\r\n");
    for (int i = random.nextInt(3); i > 0; i--) {
      head.append(chance(3) ? one(HEADERS) : "X-Some: thing").append("\r\n");
    }
    if (chance(6)) {
      body = gzip(body);
      body = chance(2) ? damaged(body) : body;
      head.append("Content-Encoding: gzip\r\n");
    }
    boolean chunked = chance(4);
    if (chunked) {
      head.append("Transfer-Encoding: chunked\r\n");
      body = chunks(body);
    } else {
      int lie = chance(20) ? random.nextInt(20) - 10 : 0;
      head.append("Content-Length: ").append(body.length + lie).append("\r\n");
    }
    byte[] start = head.append("\r\n").toString().getBytes(ISO_8859_1);
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(chance(6) ? damaged(start) : start);
    request.writeBytes(chunked && chance(4) ? damaged(body) : body);
    return request.toByteArray();
  }

  /** Changes a few bytes, or puts in, takes out or repeats a part. */
  private byte[] damaged(byte[] bytes) {
    byte[] result = bytes.clone();
    for (int i = 1 + random.nextInt(3); i > 0 && result.length > 0; i--) {
      int at = random.nextInt(result.length);
      int to = Math.min(result.length, at + random.nextInt(chance(4) ? 1_000 : 8));
      switch (random.nextInt(5)) {
        case 0 -> result[at] = (byte) random.nextInt();
        case 1 -> result[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> result = joined(result, at, one(TOKENS).getBytes(ISO_8859_1), at);
        case 3 -> result = joined(result, at, new byte[0], to);
        default -> result = joined(result, to, Arrays.copyOfRange(result, at, to), to);
      }
    }
    return result;
  }

  private static byte[] joined(byte[] bytes, int until, byte[] middle, int from) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, until);
    out.writeBytes(middle);
    out.write(bytes, from, bytes.length - from);
    return out.toByteArray();
  }

  private byte[] chunks(byte[] body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < body.length; ) {
      int size = Math.min(body.length - at, 1 + random.nextInt(500));
      out.writeBytes((Integer.toHexString(size) + "\r\n").getBytes(US_ASCII));
      out.write(body, at, size);
      out.writeBytes("\r\n".getBytes(US_ASCII));
      at += size;
    }
    out.writeBytes("0\r\n\r\n".getBytes(US_ASCII));
    return out.toByteArray();
  }

  private static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
