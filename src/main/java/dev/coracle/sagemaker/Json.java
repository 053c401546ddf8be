// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON into maps, lists, strings, BigDecimals, booleans and nulls, and writes them: compact,
 * and with sorted names, as SageMaker's own toolkits write their variables.
 */
final class Json {

  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /**
   * Reads a file that holds one object. A missing or empty file counts as an empty object: local
   * modes write fewer files, and some empty ones.
   *
   * @throws CoracleException if it holds anything else
   */
  static Map<String, @Nullable Object> readFile(Path file) {
    try {
      String text = Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "";
      Object value = text.isBlank() ? Map.of() : read(text);
      if (value instanceof Map<?, ?>) {
        return object(value);
      }
      throw new CoracleException(file + " holds no JSON object; expected {\"name\": ...}");
    } catch (IOException e) {
      String first = CoracleException.reason(e).lines().findFirst().orElse("");
      throw new CoracleException("cannot read %s as JSON: %s".formatted(file, first), e);
    }
  }

  /** Returns a value as an object, or an empty object if it is not one. */
  static Map<String, @Nullable Object> object(@Nullable Object value) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, member) -> object.put(String.valueOf(name), member));
    }
    return object;
  }

  /** Reads one value and nothing after it; the exception is Jackson's. */
  static @Nullable Object read(String text) throws IOException {
    try (JsonParser json = FACTORY.createParser(text)) {
      json.nextToken();
      Object value = value(json);
      if (json.nextToken() != null) {
        throw new IOException(
            "more than one value, from " + json.currentTokenLocation().sourceDescription());
      }
      return value;
    }
  }

  private static @Nullable Object value(JsonParser json) throws IOException {
    JsonToken token = json.currentToken();
    if (token == null) {
      throw new IOException("there is no value");
    }
    return switch (token) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String name = json.currentName();
          json.nextToken();
          object.put(name, value(json));
        }
        yield object;
      }
      case START_ARRAY -> {
        List<@Nullable Object> array = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(json));
        }
        yield array;
      }
      case VALUE_STRING -> json.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(json);
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw new IOException("unexpected " + token);
    };
  }

  private static BigDecimal number(JsonParser json) throws IOException {
    try {
      return json.getDecimalValue();
    } catch (NumberFormatException e) { // an exponent with too many digits
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Writes a value in one line. */
  static String write(@Nullable Object value) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      write(json, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // on text in memory: a bug in this program
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    if (value == null) {
      json.writeNull();
    } else if (value instanceof Map<?, ?>) {
      json.writeStartObject();
      for (Map.Entry<String, @Nullable Object> member : new TreeMap<>(object(value)).entrySet()) {
        json.writeFieldName(member.getKey());
        write(json, member.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof List<?> list) {
      json.writeStartArray();
      for (Object element : list) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value instanceof BigDecimal number) {
      json.writeNumber(number);
    } else if (value instanceof Integer number) {
      json.writeNumber(number);
    } else if (value instanceof Boolean flag) {
      json.writeBoolean(flag);
    } else {
      json.writeString(Objects.toString(value));
    }
  }
}
