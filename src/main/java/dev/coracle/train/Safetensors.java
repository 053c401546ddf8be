// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads float32 arrays in the safetensors format and trusts nothing: DJL's own reader allocates
 * whatever a damaged header asks for, and fails with arbitrary exceptions.
 *
 * <pre>
 *   8 bytes   length n of the header, little-endian
 *   n bytes   JSON: {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..}
 *   the rest  the values, little-endian; offsets count from here
 * </pre>
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">safetensors, format</a>
 */
final class Safetensors {

  private static final JsonFactory JSON = new JsonFactory();

  /** Holds one array, with its values in row-major order. */
  record Tensor(Shape shape, FloatBuffer values) {}

  private Safetensors() {}

  /**
   * Returns the arrays, which share {@code content}.
   *
   * @throws IllegalArgumentException when the content violates the format, or its lengths do not
   *     match
   */
  static Map<String, Tensor> read(byte[] content) {
    ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    long length = content.length < 8 ? -1 : bytes.getLong(0);
    if (length < 0 || length > content.length - 8) {
      throw new IllegalArgumentException(
          "safetensors header of %d bytes in %d bytes".formatted(length, content.length));
    }
    int start = 8 + (int) length;
    ByteBuffer data = bytes.slice(start, content.length - start).order(ByteOrder.LITTLE_ENDIAN);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    try (JsonParser json = JSON.createParser(content, 8, (int) length)) {
      expect(json.nextToken() == JsonToken.START_OBJECT, "it is no object");
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        expect(json.nextToken() == JsonToken.START_OBJECT, name + " is no object");
        if (name.equals("__metadata__")) {
          json.skipChildren();
        } else {
          expect(tensors.put(name, tensor(json, name, data)) == null, name + " comes twice");
        }
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("safetensors header: " + e.getMessage(), e);
    }
    return tensors;
  }

  /** Reads the object that the parser has just entered. */
  private static Tensor tensor(JsonParser json, String name, ByteBuffer data) throws IOException {
    String type = "";
    List<Long> shape = List.of(-1L);
    List<Long> offsets = List.of();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "dtype" -> type = json.getText();
        case "shape" -> shape = numbers(json);
        case "data_offsets" -> offsets = numbers(json);
        default -> json.skipChildren();
      }
    }
    expect(type.equals("F32"), name + " has type " + type + "; expected F32");
    expect(offsets.size() == 2, name + " has offsets " + offsets);
    long begin = offsets.get(0);
    long end = offsets.get(1);
    expect(
        0 <= begin && begin <= end && end <= data.capacity(),
        "%s has offsets %s in %d bytes".formatted(name, offsets, data.capacity()));
    long left = end - begin;
    long size = 4;
    for (long dimension : shape) {
      expect(dimension >= 0 && dimension <= left, name + " has shape " + shape);
      size *= dimension; // both factors are below 2^31
      expect(size <= left, "%s has shape %s in %d bytes".formatted(name, shape, left));
    }
    expect(size == left, "%s has shape %s in %d bytes".formatted(name, shape, left));
    return new Tensor(
        new Shape(shape.stream().mapToLong(Long::longValue).toArray()),
        data.slice((int) begin, (int) left).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
  }

  private static List<Long> numbers(JsonParser json) throws IOException {
    expect(json.currentToken() == JsonToken.START_ARRAY, json.currentName() + " is no array");
    List<Long> numbers = new ArrayList<>();
    while (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
      numbers.add(json.getLongValue());
    }
    expect(json.currentToken() == JsonToken.END_ARRAY, "an array has other than whole numbers");
    return numbers;
  }

  private static void expect(boolean valid, String otherwise) {
    if (!valid) {
      throw new IllegalArgumentException("safetensors header: " + otherwise);
    }
  }
}
