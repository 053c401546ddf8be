// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps secrets out of logs. They are recognised by the words in names that AWS's SDK looks for: a
 * hyperparameter such as {@code api_key} would otherwise be readable by everyone with access to the
 * log.
 */
final class Secrets {

  private static final List<String> NAMES =
      List.of("SECRET", "PASSWORD", "KEY", "TOKEN", "PRIVATE", "CREDS", "CREDENTIALS");

  private static final String HIDDEN = "******";

  private Secrets() {}

  /** Returns a variable's value for a log; in a JSON value, secret members are hidden. */
  static String hide(String name, String value) {
    return isSecret(name) ? HIDDEN : hidden(value);
  }

  /** Hides secrets in a text that is a JSON object or list, which may hold such texts in turn. */
  private static String hidden(String text) {
    try {
      Object json = Json.read(text);
      if (json instanceof Map<?, ?> || json instanceof List<?>) {
        Object hidden = hidden(json);
        return json.equals(hidden) ? text : Json.write(hidden);
      }
      return text;
    } catch (IOException e) {
      return text; // not JSON
    }
  }

  private static @Nullable Object hidden(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> object = Json.object(map);
      object.replaceAll((name, member) -> isSecret(name) ? HIDDEN : hidden(member));
      return object;
    }
    if (value instanceof List<?> list) {
      return hiddenArguments(list);
    }
    return value instanceof String text ? hidden(text) : value;
  }

  /** A list may be a command line: {@code --api_key x}, {@code --api_key=x}. */
  private static List<@Nullable Object> hiddenArguments(List<?> list) {
    List<@Nullable Object> hidden = new ArrayList<>();
    String option = "";
    for (Object element : list) {
      String text = element instanceof String string ? string : "";
      boolean isOption = text.startsWith("-");
      int equals = text.indexOf('=');
      if (isOption && equals > 0 && isSecret(text.substring(0, equals))) {
        hidden.add(text.substring(0, equals + 1) + HIDDEN);
      } else {
        hidden.add(!isOption && isSecret(option) ? HIDDEN : hidden(element));
      }
      option = isOption ? text : "";
    }
    return hidden;
  }

  private static boolean isSecret(String name) {
    String capitals = name.toUpperCase(Locale.ROOT);
    return NAMES.stream().anyMatch(capitals::contains);
  }
}
