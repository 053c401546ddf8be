// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Reads openapi.json and answers questions about it; references are followed. */
final class OpenApiDocument {

  /** Refuses what RFC 8259 leaves open: a name twice, and anything after the value. */
  static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  private final SchemaRegistry schemas =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private final JsonNode root;

  private OpenApiDocument(JsonNode root) {
    this.root = root;
  }

  static OpenApiDocument read() throws IOException {
    try (InputStream in = OpenApiDocument.class.getResourceAsStream("openapi.json")) {
      return new OpenApiDocument(JSON.readTree(requireNonNull(in, "openapi.json")));
    }
  }

  JsonNode root() {
    return root;
  }

  /** A method of a path, with the parameters of both. */
  record Operation(String path, String method, JsonNode node, List<JsonNode> parameters) {

    String id() {
      return node.path("operationId").asText();
    }

    @Override
    public String toString() {
      return method + " " + path;
    }
  }

  List<Operation> operations() {
    List<Operation> operations = new ArrayList<>();
    root.path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue().properties().stream()
                    .filter(method -> METHODS.contains(method.getKey()))
                    .forEach(
                        method ->
                            operations.add(
                                new Operation(
                                    path.getKey(),
                                    method.getKey().toUpperCase(Locale.ROOT),
                                    method.getValue(),
                                    parameters(path.getValue(), method.getValue())))));
    return operations;
  }

  private List<JsonNode> parameters(JsonNode path, JsonNode method) {
    return Stream.of(path, method)
        .flatMap(node -> node.path("parameters").valueStream())
        .map(this::resolved)
        .toList();
  }

  /** Returns what a reference stands for, or the node itself. */
  JsonNode resolved(JsonNode node) {
    JsonNode target = node;
    while (target.has("$ref")) {
      String reference = target.path("$ref").asText();
      target = root.at(reference.substring(1));
      if (!reference.startsWith("#/") || target.isMissingNode()) {
        throw new AssertionError("openapi.json refers to " + reference + ", which is not in it");
      }
    }
    return target;
  }

  JsonNode response(Operation operation, int status) {
    return resolved(operation.node().path("responses").path(String.valueOf(status)));
  }

  Set<Integer> statuses(Operation operation) {
    Set<Integer> statuses = new TreeSet<>();
    operation
        .node()
        .path("responses")
        .fieldNames()
        .forEachRemaining(s -> statuses.add(Integer.valueOf(s)));
    return statuses;
  }

  /** Returns the media types of a request, each with its examples by name. */
  JsonNode requestContent(Operation operation) {
    return resolved(operation.node().path("requestBody")).path("content");
  }

  /** Tells what is wrong with a value by one of the document's schemas. */
  List<Error> errors(JsonNode schema, JsonNode value) {
    ObjectNode whole = schema.deepCopy();
    whole.set("components", root.path("components")); // where its references lead
    return schemas.getSchema(whole).validate(value);
  }
}
