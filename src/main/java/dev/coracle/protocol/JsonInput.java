// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads one JSON value token by token, and reports where it is not as expected. Not thread-safe.
 *
 * <p>Jackson's messages name its classes and settings and quote up to 256 characters; here every
 * failure is one sentence with line and column.
 */
final class JsonInput {

  /** Reads a value, from its first token, at which the input is, to its last token. */
  interface Value<T> {
    T read(JsonInput input) throws IOException;
  }

  private final byte[] bytes;
  private final int from;
  private final int firstLine;
  private final JsonParser parser;

  private JsonInput(byte[] bytes, int from, int firstLine, JsonParser parser) {
    this.bytes = bytes;
    this.from = from;
    this.firstLine = firstLine;
    this.parser = parser;
  }

  /** Reads the only value in the bytes, which must be UTF-8. */
  static <T> T read(byte[] bytes, Value<T> value) {
    Utf8.check(bytes);
    return read(bytes, Utf8.start(bytes), bytes.length, 1, value);
  }

  /**
   * Reads the only value in a part of a UTF-8 text.
   *
   * @param firstLine number, for messages, of the line in which the part begins
   */
  static <T> T read(byte[] bytes, int from, int to, int firstLine, Value<T> value) {
    try (JsonParser parser = Json.parser(bytes, from, to - from)) {
      JsonInput input = new JsonInput(bytes, from, firstLine, parser);
      try {
        if (parser.nextToken() == null) {
          throw RequestException.badRequest("expected JSON, got only white space; send a value");
        }
        T result = value.read(input);
        if (parser.nextToken() != null) {
          throw RequestException.badRequest(
              "expected nothing more after the JSON value, got more at " + input.where());
        }
        return result;
      } catch (JsonProcessingException e) {
        throw input.invalid(e);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of bytes in memory: a fault in this program
    }
  }

  JsonParser parser() {
    return parser;
  }

  /** Returns the next token; never null, since the end within a value is an error. */
  JsonToken next() throws IOException {
    return parser.nextToken();
  }

  JsonToken token() {
    return parser.currentToken();
  }

  /** Advances to the next name of an object and returns it, or null at the object's end. */
  @Nullable String nextName() throws IOException {
    return parser.nextFieldName();
  }

  /**
   * Returns the number at the input's position as the nearest float32, by way of neither a double,
   * which would round twice, nor a BigInteger.
   */
  float number() throws IOException {
    float number =
        Decimal.parse(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
    if (!Float.isFinite(number)) {
      throw RequestException.badRequest(
          "expected a number that a float32 can hold, got %s at %s"
              .formatted(Quote.text(parser.getText()), where()));
    }
    return number;
  }

  /** Returns the size of an axis at the input's position, 0 to 2^31 - 1. */
  int size() throws IOException {
    boolean small = token() == JsonToken.VALUE_NUMBER_INT && parser.getTextLength() <= 10;
    if (!small || parser.getLongValue() < 0 || parser.getLongValue() > Integer.MAX_VALUE) {
      throw unexpected("the size of an axis, a whole number");
    }
    return parser.getIntValue();
  }

  /** Returns the string at the input's position; {@code what} names it in messages. */
  String string(String what) throws IOException {
    if (token() != JsonToken.VALUE_STRING) {
      throw unexpected("a string as " + what);
    }
    String text = parser.getText();
    if (!Quote.wellFormed(text).equals(text)) {
      throw RequestException.badRequest(
          "expected text as %s, got half a surrogate pair in it at %s".formatted(what, where()));
    }
    return text;
  }

  /** Skips to the end of the array or object that begins here, if one does. */
  void skip() throws IOException {
    parser.skipChildren();
  }

  /** Makes the exception for a token that should be something else. */
  RequestException unexpected(String expected) throws IOException {
    String found =
        switch (token()) {
          case START_ARRAY -> "an array";
          case START_OBJECT -> "an object";
          case END_ARRAY -> "the end of an array";
          case END_OBJECT -> "the end of an object";
          case VALUE_STRING -> "the string " + Quote.text(parser.getText());
          case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + Quote.text(parser.getText());
          default -> Quote.text(parser.getText());
        };
    return RequestException.badRequest(
        "expected %s, got %s at %s".formatted(expected, found, where()));
  }

  /** Returns the position of the last token read, as {@code line 1, column 17}. */
  String where() {
    return where(parser.currentTokenLocation());
  }

  private String where(JsonLocation location) {
    return "line %d, column %d"
        .formatted(firstLine + location.getLineNr() - 1, location.getColumnNr());
  }

  private RequestException invalid(JsonProcessingException e) {
    JsonLocation thrown = e.getLocation();
    JsonLocation location = thrown == null ? parser.currentLocation() : thrown;
    if (e instanceof StreamConstraintsException) {
      return new RequestException(
          400,
          "the JSON goes past a limit at %s; expected at most %d levels, %d characters a number and %d a name"
              .formatted(
                  where(location), Json.MAX_DEPTH, Json.MAX_NUMBER_LENGTH, Json.MAX_NAME_LENGTH),
          e);
    }
    if (e instanceof JsonEOFException) {
      return new RequestException(
          400, "the JSON ends early, at " + where(location) + "; send it whole", e);
    }
    int at = from + (int) Math.max(0, location.getByteOffset());
    return new RequestException(
        400,
        "the JSON is not valid at %s, near %s"
            .formatted(
                where(location), Quote.bytes(bytes, Math.min(at, bytes.length), bytes.length)),
        e);
  }
}
