// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps secrets out of logs. What is one is told by the names that AWS's SDK goes by: a
 * hyperparameter such as {@code api_key} would else be readable for all who may read the log.
 */
final class Secrets {

  private static final List<String> NAMES =
      List.of("SECRET", "PASSWORD", "KEY", "TOKEN", "PRIVATE", "CREDS", "CREDENTIALS");

  private static final String HIDDEN = "******";

  private Secrets() {}

  /** Returns a variable's value for a log; in one that is a JSON object its members are hidden. */
  static String hide(String name, String value) {
    if (isSecret(name)) {
      return HIDDEN;
    }
    try {
      return Json.read(value) instanceof Map<?, ?> map ? Json.write(hidden(map)) : value;
    } catch (IOException e) {
      return value; // no JSON
    }
  }

  private static Map<String, @Nullable Object> hidden(Map<?, ?> map) {
    Map<String, @Nullable Object> object = Json.object(map);
    object.replaceAll(
        (name, value) -> {
          if (value instanceof Map<?, ?> inner) {
            return hidden(inner);
          }
          return isSecret(name) ? HIDDEN : value;
        });
    return object;
  }

  private static boolean isSecret(String name) {
    String capitals = name.toUpperCase(Locale.ROOT);
    return NAMES.stream().anyMatch(capitals::contains);
  }
}
