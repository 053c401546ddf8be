// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Reads and writes JSON, strictly by RFC 8259; UTF-8 only. Thread-safe. */
public final class Json {

  /** Content-Type of the answers that {@link #answer} makes. */
  static final String CONTENT_TYPE = "application/json";

  static final int MAX_DEPTH = 100;
  static final int MAX_NUMBER_LENGTH = 1000;
  static final int MAX_NAME_LENGTH = 1000;

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          .enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // the sender chooses the names
          .disable(JsonFactory.Feature.CHARSET_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(MAX_NUMBER_LENGTH)
                  .maxNameLength(MAX_NAME_LENGTH)
                  .build())
          .build();

  private Json() {}

  /** Writes one JSON value. */
  public interface Content {
    void write(JsonGenerator json) throws IOException;
  }

  /** Reads one JSON value, from its first token, at which the parser is, to its last token. */
  public interface Document<T> {
    T read(JsonParser json) throws IOException;
  }

  /**
   * Makes an answer, application/json, with what {@code content} writes and a line end, so that a
   * terminal's next prompt does not follow it.
   */
  public static Answer answer(Content content) {
    ByteArrayOutputStream bytes = write(content);
    bytes.write('\n');
    return new Answer(CONTENT_TYPE, bytes.toByteArray());
  }

  /** Returns what {@code content} writes. */
  public static byte[] bytes(Content content) {
    return write(content).toByteArray();
  }

  private static ByteArrayOutputStream write(Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      content.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of bytes in memory: a fault in this program
    }
    return bytes;
  }

  /** Makes a parser for a part of a UTF-8 text; its exceptions are Jackson's. */
  static JsonParser parser(byte[] bytes, int from, int length) {
    try {
      return FACTORY.createParser(bytes, from, length);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of bytes in memory: a fault in this program
    }
  }

  /**
   * Reads the one value that the bytes consist of.
   *
   * @throws RequestException 400, with line and column, if they are not valid JSON or hold more
   */
  public static <T> T read(byte[] bytes, Document<T> document) {
    return JsonInput.read(bytes, input -> document.read(input.parser()));
  }
}
