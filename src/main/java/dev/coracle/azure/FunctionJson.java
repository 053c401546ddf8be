// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.CoracleException;
import dev.coracle.protocol.Json;
import dev.coracle.protocol.RequestException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The content of a function.json.
 *
 * @param name of the function, which is its folder's name
 * @param scriptFile the jar, relative to that folder
 * @param entryPoint class and method
 * @param route below the prefix of host.json; the function's name where none is given
 * @param methods in upper case; empty for all methods
 */
record FunctionJson(
    String name, String scriptFile, String entryPoint, String route, List<String> methods) {

  /**
   * Reads the function.json in a folder.
   *
   * @throws CoracleException if it cannot be read, or does not describe a Java function triggered
   *     by HTTP at a fixed route
   */
  static FunctionJson read(Path folder) {
    Path file = folder.resolve("function.json");
    Map<String, String> json = values(file);
    String name = String.valueOf(folder.getFileName());
    String trigger = "/bindings/0";
    for (int i = 0; !"httpTrigger".equals(json.get(trigger + "/type")); i++) {
      trigger = "/bindings/" + i;
      if (!json.containsKey(trigger + "/type")) {
        throw new CoracleException(
            file + ": expected a binding of type httpTrigger; this host has no other trigger");
      }
    }
    String route = json.getOrDefault(trigger + "/route", "");
    if (route.contains("{")) {
      throw new CoracleException(
          "%s: expected a route without parameters, got %s".formatted(file, route));
    }
    List<String> methods = new ArrayList<>();
    for (String method = json.get(trigger + "/methods/0"); method != null; ) {
      methods.add(method.toUpperCase(Locale.ROOT));
      method = json.get(trigger + "/methods/" + methods.size());
    }
    return new FunctionJson(
        name,
        required(json, "scriptFile", file),
        required(json, "entryPoint", file),
        route.isEmpty() ? name : route,
        List.copyOf(methods));
  }

  private static String required(Map<String, String> json, String field, Path file) {
    String value = json.get("/" + field);
    if (value == null) {
      throw new CoracleException(
          "%s: expected the field %s, as of a Java function".formatted(file, field));
    }
    return value;
  }

  /** Reads the prefix of all routes from host.json: {@code api}, unless it says otherwise. */
  static String routePrefix(Path hostJson) {
    return values(hostJson).getOrDefault("/extensions/http/routePrefix", "api");
  }

  /** Returns the strings, numbers and booleans of a JSON file by their JSON pointers. */
  private static Map<String, String> values(Path file) {
    try {
      return Json.read(
          Files.readAllBytes(file),
          json -> {
            Map<String, String> values = new HashMap<>();
            int depth = 0;
            @Nullable JsonToken token = json.currentToken();
            while (true) {
              if (token.isScalarValue() && token != JsonToken.VALUE_NULL) {
                values.put(json.getParsingContext().pathAsPointer().toString(), json.getText());
              }
              depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
              if (depth == 0) {
                return values;
              }
              token = json.nextToken(); // within a value the end would be an exception
            }
          });
    } catch (RequestException e) {
      throw new CoracleException(file + " is no JSON: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read %s: %s".formatted(file, CoracleException.reason(e)), e);
    }
  }
}
