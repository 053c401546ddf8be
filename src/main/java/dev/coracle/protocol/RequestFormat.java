// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The formats in which images may be sent. */
enum RequestFormat {
  JSON(Json.CONTENT_TYPE, "text/json"),
  CSV("text/csv"),
  JSON_LINES(
      "application/jsonlines",
      "application/x-jsonlines",
      "application/jsonl",
      "application/x-ndjson"),
  NPY("application/x-npy"),
  BYTES("application/octet-stream"),
  PICTURE("image/png", "image/jpeg", "image/jpg", "application/x-image");

  private static final String FORM = "application/x-www-form-urlencoded";

  @SuppressWarnings("ImmutableEnumChecker") // List.of makes it so
  private final List<String> names;

  RequestFormat(String... names) {
    this.names = List.of(names);
  }

  /** Returns the names of its media type; the first is the usual one. */
  List<String> names() {
    return names;
  }

  boolean has(MediaType type) {
    return names.contains(type.name());
  }

  boolean isNumbers() {
    return this != BYTES && this != PICTURE;
  }

  /** The format and the parameters of a body. */
  record Typed(RequestFormat format, MediaType type) {}

  /**
   * Returns the format that a body's Content-Type declares, or where there is none, that its first
   * byte suggests.
   *
   * @throws RequestException 415 for an unsupported or malformed Content-Type
   */
  static Typed of(RequestBody body) {
    String header = body.contentType();
    if (header == null || header.isBlank()) {
      if (looksLikeJson(body.bytes())) {
        return new Typed(JSON, new MediaType(Json.CONTENT_TYPE, Map.of()));
      }
      throw unsupported("none, for a body that is no JSON");
    }
    MediaType type = MediaType.parse(header);
    if (type == null) {
      throw unsupported(Quote.text(header) + ", which is malformed");
    }
    if (type.name().equals(FORM)) {
      throw unsupported(
          FORM + ", which curl -d sends unless there is -H 'Content-Type: application/json'");
    }
    for (RequestFormat format : values()) {
      if (format.has(type)) {
        checkCharset(type);
        return new Typed(format, type);
      }
    }
    throw unsupported(Quote.text(header));
  }

  /** Does the same, but also takes a body for JSON if it declares a form, plain text or no type. */
  static Typed ofLenient(RequestBody body) {
    String header = body.contentType();
    if (header == null || header.isBlank()) {
      return new Typed(JSON, new MediaType(Json.CONTENT_TYPE, Map.of()));
    }
    MediaType type = MediaType.parse(header);
    if (type != null && (type.name().equals("text/plain") || type.name().equals(FORM))) {
      checkCharset(type);
      return new Typed(JSON, type);
    }
    return of(body);
  }

  private static boolean looksLikeJson(byte[] bytes) {
    for (int at = Utf8.start(bytes); at < bytes.length; at++) {
      switch (bytes[at]) {
        case ' ', '\t', '\r', '\n' -> {}
        case '[', '{' -> {
          return true;
        }
        default -> {
          return false;
        }
      }
    }
    return false;
  }

  private static void checkCharset(MediaType type) {
    String charset = type.parameters().getOrDefault("charset", "utf-8").toLowerCase(Locale.ROOT);
    if (!charset.equals("utf-8") && !charset.equals("utf8") && !charset.equals("us-ascii")) {
      throw new RequestException(
          415,
          "expected the charset utf-8, got " + Quote.text(charset) + "; encode the text as UTF-8");
    }
  }

  private static RequestException unsupported(String found) {
    List<String> first = new ArrayList<>();
    for (RequestFormat format : values()) {
      first.addAll(format == PICTURE ? format.names.subList(0, 2) : format.names.subList(0, 1));
    }
    return new RequestException(
        415, "expected the Content-Type %s, got %s".formatted(String.join(", ", first), found));
  }
}
