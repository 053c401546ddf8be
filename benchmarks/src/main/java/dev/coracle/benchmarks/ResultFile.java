// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.StringJoiner;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;

/**
 * Keeps one run as JSON: {@code date}, {@code machine}, {@code versions}; {@code rounds}, an array.
 * For {@link Comparison} that is of arrays of results, and there is {@code coldStart}, an array of
 * results; a result is JMH's own, without the path of the JVM. One line each.
 */
public final class ResultFile {

  private static final ObjectMapper JSON = new ObjectMapper();

  private ResultFile() {}

  public static JsonNode read(Path file) throws IOException {
    return JSON.readTree(file.toFile());
  }

  /** Returns the time of now as results name it, such as {@code 2026-11-23T05:08Z}. */
  public static String date() {
    return LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MINUTES) + "Z";
  }

  /** Returns a document that says when, where and of what, and has no rounds yet. */
  public static ObjectNode newDocument(String date) throws IOException {
    ObjectNode document = JSON.createObjectNode();
    document.put("date", date);
    document.set("machine", JSON.valueToTree(Machine.describe()));
    document.set("versions", JSON.valueToTree(Machine.versions()));
    document.putArray("rounds");
    return document;
  }

  /** Returns JMH's results as JMH writes them. */
  static ArrayNode results(Collection<RunResult> results) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8)) {
      ResultFormatFactory.getInstance(ResultFormatType.JSON, out).writeOut(results);
    }
    ArrayNode array = (ArrayNode) JSON.readTree(bytes.toByteArray());
    array.forEach(result -> ((ObjectNode) result).remove("jvm"));
    return array;
  }

  /** Returns when, where and of what the results are, in a line. */
  public static String origin(JsonNode document) {
    StringJoiner origin = new StringJoiner(", ", "", "\n");
    JsonNode machine = document.path("machine");
    origin.add(machine.path("processor").asText());
    origin.add(machine.path("processors").asText() + " processors");
    for (String name : new String[] {"memory", "system", "JVM"}) {
      origin.add(machine.path(name).asText());
    }
    document
        .path("versions")
        .properties()
        .forEach(version -> origin.add(version.getKey() + " " + version.getValue().asText()));
    return origin.add(document.path("date").asText()).toString();
  }

  /** Replaces the file; makes the folder. */
  public static void write(Path file, JsonNode document) throws IOException {
    StringBuilder text = new StringBuilder();
    append(text, document, 2);
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, text.append('\n'));
  }

  /** Breaks lines in the outer {@code depth} levels only. */
  private static void append(StringBuilder text, JsonNode node, int depth)
      throws JsonProcessingException {
    if (depth < 0 || !node.isContainerNode() || node.isEmpty()) {
      text.append(JSON.writeValueAsString(node));
      return;
    }
    text.append(node.isObject() ? '{' : '[');
    Iterator<Map.Entry<String, JsonNode>> fields = node.properties().iterator();
    for (Iterator<JsonNode> values = node.elements(); values.hasNext(); ) {
      text.append('\n');
      if (node.isObject()) {
        text.append(JSON.writeValueAsString(fields.next().getKey())).append(": ");
      }
      append(text, values.next(), depth - 1);
      text.append(values.hasNext() ? "," : "\n");
    }
    text.append(node.isObject() ? '}' : ']');
  }
}
