// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the hyperparameters of a job. SageMaker passes on strings, and each client encodes values
 * in its own way: {@code 3}, {@code "adam"} with the quotes or without, {@code true} or Python's
 * {@code True}, {@code null} or {@code None}.
 */
final class Hyperparameters {

  /** Names addressed to SageMaker's own toolkits, besides all that begin with the prefix. */
  private static final List<String> PLATFORM =
      List.of("_tuning_objective_metric", "default_user_module_name");

  private static final String PLATFORM_PREFIX = "sagemaker_";

  private static final String VARIABLE_PREFIX = "SM_HP_";

  private Hyperparameters() {}

  /**
   * Returns those meant for the training program, as text, by names in lower case with dashes; null
   * values are left out. Variables such as {@code SM_HP_BATCH_SIZE} or {@code SM_HP_BATCH-SIZE},
   * which a toolkit sets, take precedence over the file.
   */
  static SortedMap<String, String> decode(
      Map<String, ? extends @Nullable Object> file, Map<String, String> environment) {
    SortedMap<String, String> values = new TreeMap<>();
    file.forEach((name, value) -> put(values, name, value));
    environment.forEach(
        (name, value) -> {
          if (name.startsWith(VARIABLE_PREFIX) && !value.isEmpty()) { // empty: a toolkit's null
            put(values, name.substring(VARIABLE_PREFIX.length()), value);
          }
        });
    return Collections.unmodifiableSortedMap(values);
  }

  private static void put(Map<String, String> values, String name, @Nullable Object raw) {
    String key = name.toLowerCase(Locale.ROOT);
    if (key.startsWith(PLATFORM_PREFIX) || PLATFORM.contains(key)) {
      return;
    }
    String option = key.replace('_', '-');
    String value = text(raw);
    if (value == null) {
      values.remove(option);
    } else {
      values.put(option, value);
    }
  }

  /** Returns a value as it is written on a command line, or null for none. */
  static @Nullable String text(@Nullable Object raw) {
    Object value = raw instanceof String text ? parse(text) : raw;
    if (value instanceof String text && !text.equals(raw)) {
      value = parse(text); // "\"3\"": quoted twice, by a client and by its user
    }
    if (value == null) {
      return null;
    }
    if (value instanceof BigDecimal number) {
      // 1e999999999 is short in this form, but a gigabyte when written out.
      boolean isShort = (long) number.precision() - number.scale() < 20;
      boolean isWhole = isShort && number.stripTrailingZeros().scale() <= 0;
      return isWhole ? number.toBigInteger().toString() : number.toString();
    }
    return value instanceof String text ? text : Json.write(value);
  }

  private static @Nullable Object parse(String text) {
    try {
      return Json.read(text);
    } catch (IOException e) {
      return switch (text) { // as Python's str() writes them
        case "True", "TRUE" -> true;
        case "False", "FALSE" -> false;
        case "None" -> null;
        default -> text;
      };
    }
  }
}
