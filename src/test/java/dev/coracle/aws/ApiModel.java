// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** Holds JSON against a service model as AWS publishes it; see the resources' README. */
final class ApiModel {

  private final JsonNode model;

  ApiModel(String resource) {
    try (InputStream in = ApiModel.class.getResourceAsStream("/aws/" + resource)) {
      model = new ObjectMapper().readTree(Objects.requireNonNull(in, resource));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns what is wrong with a request, or nothing. */
  List<String> request(String operation, JsonNode json) {
    return check(operation, "input", json);
  }

  /** Returns what is wrong with an answer, or nothing. */
  List<String> answer(String operation, JsonNode json) {
    return model.path("operations").path(operation).has("output")
        ? check(operation, "output", json)
        : List.of();
  }

  private List<String> check(String operation, String side, JsonNode json) {
    List<String> wrong = new ArrayList<>();
    JsonNode shape = model.path("operations").path(operation).path(side);
    if (shape.isMissingNode()) {
      wrong.add("there is no operation " + operation);
    } else {
      value(operation, shape.asText(), json, wrong);
    }
    return wrong;
  }

  private void value(String path, String shapeName, JsonNode json, List<String> wrong) {
    JsonNode shape = model.path("shapes").path(shapeName);
    switch (shape.path("type").asText()) {
      case "structure" -> structure(path, shape, json, wrong);
      case "list" -> {
        require(json.isArray(), path + " is no array", wrong);
        range(path + " (elements)", shape, json.size(), wrong);
        for (int i = 0; i < json.size(); i++) {
          value(path + "[" + i + "]", name(shape.path("member")), json.get(i), wrong);
        }
      }
      case "map" -> {
        require(json.isObject(), path + " is no object", wrong);
        range(path + " (entries)", shape, json.size(), wrong);
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
          string(path + " (key)", shape(shape.path("key")), entry.getKey(), wrong);
          value(path + "." + entry.getKey(), name(shape.path("value")), entry.getValue(), wrong);
        }
      }
      case "string" -> {
        require(json.isTextual(), path + " is no string", wrong);
        string(path, shape, json.asText(), wrong);
      }
      case "integer", "long" -> {
        require(json.isIntegralNumber(), path + " is no whole number", wrong);
        range(path, shape, json.asLong(), wrong);
      }
      case "float", "double", "timestamp" ->
          require(json.isNumber(), path + " is no number", wrong);
      case "boolean" -> require(json.isBoolean(), path + " is no boolean", wrong);
      case "blob" -> require(json.isTextual(), path + " is no string", wrong);
      default -> wrong.add(path + " has the unknown shape " + shapeName);
    }
  }

  private void structure(String path, JsonNode shape, JsonNode json, List<String> wrong) {
    require(json.isObject(), path + " is no object", wrong);
    for (JsonNode required : shape.path("required")) {
      require(json.has(required.asText()), path + " lacks " + required.asText(), wrong);
    }
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      JsonNode member = shape.path("members").path(entry.getKey());
      if (member.isMissingNode()) {
        wrong.add(path + " has no member " + entry.getKey());
      } else {
        value(path + "." + entry.getKey(), name(member), entry.getValue(), wrong);
      }
    }
  }

  private static void string(String path, JsonNode shape, String text, List<String> wrong) {
    range(path + " (length)", shape, text.length(), wrong);
    if (shape.has("enum")) {
      boolean known = false;
      for (JsonNode constant : shape.path("enum")) {
        known |= constant.asText().equals(text);
      }
      require(known, path + " is " + text + ", which the enum lacks", wrong);
    }
    if (shape.has("pattern")) {
      String pattern = shape.path("pattern").asText();
      require(
          Pattern.compile(pattern, Pattern.DOTALL).matcher(text).matches(),
          path + " is '" + text + "', which does not match " + pattern,
          wrong);
    }
  }

  private static void range(String path, JsonNode shape, long value, List<String> wrong) {
    if (shape.has("min") && value < shape.path("min").asLong()) {
      wrong.add(path + " is " + value + ", less than " + shape.path("min"));
    }
    if (shape.has("max") && value > shape.path("max").asLong()) {
      wrong.add(path + " is " + value + ", more than " + shape.path("max"));
    }
  }

  private static void require(boolean holds, String message, List<String> wrong) {
    if (!holds) {
      wrong.add(message);
    }
  }

  private static String name(JsonNode reference) {
    return reference.path("shape").asText();
  }

  private JsonNode shape(JsonNode reference) {
    return model.path("shapes").path(name(reference));
  }
}
