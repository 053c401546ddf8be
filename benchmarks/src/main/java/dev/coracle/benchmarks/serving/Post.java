// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A request that is sent again and again, each time with the next of several bodies, so that no
 * processor's cache and no branch predictor learns one image by heart.
 */
record Post(String path, String contentType, List<byte[]> bodies) {

  static final String RAW = "application/octet-stream";

  /** Grey values, so many images a request. */
  static Post raw(List<byte[]> images, int perRequest) {
    List<byte[]> bodies = new ArrayList<>();
    for (int first = 0; first + perRequest <= images.size(); first += perRequest) {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      images.subList(first, first + perRequest).forEach(body::writeBytes);
      bodies.add(body.toByteArray());
    }
    return new Post("/invocations", RAW, bodies);
  }

  /** The form of the article's client, one image a request. */
  static Post json(List<byte[]> images) {
    return new Post(
        "/api/classify", "application/json", images.stream().map(ArticleJson::body).toList());
  }

  /** Returns all requests as HTTP/1.1 has them on the wire. */
  List<byte[]> messages() {
    return bodies.stream().map(this::message).toList();
  }

  private byte[] message(byte[] body) {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    message.writeBytes(
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
            .formatted(path, contentType, body.length)
            .getBytes(StandardCharsets.US_ASCII));
    message.writeBytes(body);
    return message.toByteArray();
  }
}
