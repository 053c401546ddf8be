// SPDX-License-Identifier: Apache-2.0
package dev.coracle.function;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.TestModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A request and the answer that every target must give to it, from {@code vectors.json}. The model
 * is {@link TestModel#mnist}; digits and probabilities in the file were computed from its formula
 * by a program of its own.
 *
 * <p>{@code @N} in a body stands for an image (1,28,28) of -1, 0 and 1 that the model takes for the
 * digit N.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Vector(
    String name,
    String method,
    @Nullable String contentType,
    @Nullable String contentEncoding,
    @Nullable String probabilities,
    byte[] body,
    boolean isText,
    int status,
    JsonNode expected) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern IMAGE = Pattern.compile("@(\\d)");

  @Override
  public String toString() {
    return name; // of the test
  }

  /** Reads the file. */
  public static List<Vector> all() {
    try {
      List<Vector> all = new ArrayList<>();
      for (JsonNode node :
          JSON.readTree(Path.of("src/test/resources/vectors.json").toFile()).get("vectors")) {
        boolean binary = node.has("base64");
        String encoding = node.path("contentEncoding").asText(null);
        byte[] content =
            binary
                ? Base64.getDecoder().decode(node.get("base64").asText())
                : images(node.path("body").asText()).getBytes(StandardCharsets.UTF_8);
        byte[] body = encoding == null ? content : gzip(content);
        all.add(
            new Vector(
                node.get("name").asText(),
                node.path("method").asText("POST"),
                node.path("contentType").asText(null),
                encoding,
                node.path("probabilities").asText(null),
                body,
                !binary && encoding == null,
                node.get("status").asInt(),
                node));
      }
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  /** Returns the headers of the request. */
  public Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    if (contentType != null) {
      headers.put("Content-Type", contentType);
    }
    if (contentEncoding != null) {
      headers.put("Content-Encoding", contentEncoding);
    }
    return headers;
  }

  /** Opens the model of the vectors. */
  public static Classifier model() {
    try {
      Path file = Files.createTempFile("vectors", ".onnx");
      try {
        return Classifier.open(TestModel.mnist().write(file));
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String images(String body) {
    return IMAGE.matcher(body).replaceAll(match -> image(Integer.parseInt(match.group(1))));
  }

  private static String image(int digit) {
    StringJoiner rows = new StringJoiner(",", "[[", "]]");
    for (int y = 0; y < 28; y++) {
      StringJoiner row = new StringJoiner(",", "[", "]");
      for (int x = 0; x < 28; x++) {
        int value = ((y * 28 + x) * 31 + digit * 17) % 23 - 11;
        row.add(value > 8 ? "1" : value < -8 ? "-1" : "0");
      }
      rows.add(row.toString());
    }
    return rows.toString();
  }

  /** Compares what a target has answered. */
  public void check(int answeredStatus, @Nullable String answeredType, byte[] answered) {
    String text = new String(answered, StandardCharsets.UTF_8);
    assertThat(answeredStatus).as(text).isEqualTo(status);
    if (expected.has("text")) {
      assertThat(answeredType).startsWith("text/plain");
      assertThat(text).contains(expected.get("text").asText());
      return;
    }
    assertThat(answeredType).startsWith("application/json");
    try {
      JsonNode answer = JSON.readTree(text);
      if (expected.has("error")) {
        assertThat(answer.properties()).hasSize(1);
        assertThat(answer.get("error").asText()).contains(expected.get("error").asText());
      } else {
        assertSame(answer, expected.get("answer"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertSame(JsonNode answer, JsonNode wanted) {
    assertThat(answer.getNodeType()).isEqualTo(wanted.getNodeType());
    assertThat(answer.size()).isEqualTo(wanted.size());
    if (wanted.isNumber()) {
      // Floats of ONNX Runtime beside doubles, rounded to six digits.
      assertThat(answer.asDouble()).isCloseTo(wanted.asDouble(), within(2e-5));
    } else if (wanted.isValueNode()) {
      assertThat(answer).isEqualTo(wanted);
    }
    wanted.fieldNames().forEachRemaining(name -> assertSame(answer.path(name), wanted.get(name)));
    for (int i = 0; wanted.isArray() && i < wanted.size(); i++) {
      assertSame(answer.get(i), wanted.get(i));
    }
  }
}
