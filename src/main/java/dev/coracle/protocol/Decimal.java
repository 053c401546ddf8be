// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.io.NumberInput;

/**
 * Reads decimal numbers, {@code -.5e+3}, as the float32 nearest to them; unlike Java's own parser,
 * takes no hexadecimal, no suffix and no NaN.
 *
 * <h2>How it works</h2>
 *
 * Up to 18 digits fit into a long, and its quotient with a power of ten, both rounded to double, is
 * off by less than 4 units in the last place of the double. The nearest float changes only where
 * the lower 29 bits of the double are 2^28; elsewhere, rounding the quotient again gives the right
 * float. The few numbers near that value, and those of another form, go to Jackson's parser.
 */
final class Decimal {

  private static final int MAX_DIGITS = 18;

  /** The powers that a double holds exactly. */
  private static final double[] POWERS_OF_TEN = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22
  };

  private static final long LOWER_BITS = (1L << 29) - 1;
  private static final long HALFWAY = 1L << 28;
  private static final long DOUBT = 8;

  private Decimal() {}

  /** Returns the number in a text, NaN if it is not one, infinity if a float32 cannot hold it. */
  static float parse(String text) {
    return parse(text.toCharArray(), 0, text.length());
  }

  /** Does for a part of an array what {@link #parse(String)} does for a text. */
  static float parse(char[] text, int from, int length) {
    int end = from + length;
    boolean negative = length > 0 && text[from] == '-';
    int first = negative ? from + 1 : from;
    int at = first;
    int point = -1;
    int digits = 0;
    long mantissa = 0;
    for (; at < end; at++) {
      int digit = text[at] - '0';
      if (digit >= 0 && digit <= 9) {
        mantissa = 10 * mantissa + digit;
        digits += mantissa == 0 ? 0 : 1;
        if (digits > MAX_DIGITS) {
          break;
        }
      } else if (text[at] == '.' && point < 0) {
        point = at;
      } else {
        break;
      }
    }
    int fraction = point < 0 ? 0 : end - point - 1;
    boolean anyDigit = end - first > (point < 0 ? 0 : 1);
    if (at == end && anyDigit && fraction < POWERS_OF_TEN.length) {
      double quotient = mantissa / POWERS_OF_TEN[fraction];
      long lower = Double.doubleToRawLongBits(quotient) & LOWER_BITS;
      if (Math.abs(lower - HALFWAY) > DOUBT) {
        return (float) (negative ? -quotient : quotient);
      }
    }
    return general(text, from, length);
  }

  private static float general(char[] text, int from, int length) {
    for (int i = from; i < from + length; i++) {
      char c = text[i];
      if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
        return Float.NaN;
      }
    }
    try {
      return NumberInput.parseFloat(text, from, length, /* useFastParser= */ true);
    } catch (NumberFormatException e) {
      return Float.NaN; // as specified above
    }
  }
}
