// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.io.NumberInput;

/** Reads decimal numbers outside JSON, {@code -.5e+3}: no hexadecimal, no suffix, no NaN. */
final class Decimal {

  private Decimal() {}

  /** Returns the float32 nearest to a text's number, or NaN if it is none. */
  static float parse(String text) {
    return parse(text.toCharArray(), text.length());
  }

  /** Does for the first characters of an array what the other does for a text. */
  static float parse(char[] text, int length) {
    for (int i = 0; i < length; i++) {
      char c = text[i];
      if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
        return Float.NaN;
      }
    }
    try {
      return NumberInput.parseFloat(text, 0, length, /* useFastParser= */ true);
    } catch (NumberFormatException e) {
      return Float.NaN;
    }
  }
}
