// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import dev.coracle.CoracleException;
import java.util.Map;

/** Reads variables of the environment; an empty variable counts as missing. */
final class Variables {

  private Variables() {}

  static String text(Map<String, String> environment, String name, String otherwise) {
    String value = environment.getOrDefault(name, "").strip();
    return value.isEmpty() ? otherwise : value;
  }

  /** Returns true for {@code true} in any case: Python writes {@code True}. */
  static boolean flag(Map<String, String> environment, String name) {
    return text(environment, name, "").equalsIgnoreCase("true");
  }

  /** Returns a whole number within limits; throws CoracleException if the value is not one. */
  static int number(
      Map<String, String> environment, String name, int otherwise, int least, int most) {
    String value = text(environment, name, "");
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // reported below, like a value out of range
    }
    throw new CoracleException(
        "the variable %s is '%s'; expected a whole number from %d to %d"
            .formatted(name, value, least, most));
  }
}
