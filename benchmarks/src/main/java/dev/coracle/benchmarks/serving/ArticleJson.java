// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import dev.coracle.net.Net;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;

/**
 * Writes an image as a PyTorch user's client sends it: {@code json.dumps({"data": t.tolist()})} of
 * a normalised float32 tensor (1,1,28,28), some 16 kB.
 */
final class ArticleJson {

  private static final String[] NUMBERS = new String[256];

  static {
    for (int grey = 0; grey < NUMBERS.length; grey++) {
      NUMBERS[grey] = python((grey / 255f - Net.MEAN) / Net.STD);
    }
  }

  private ArticleJson() {}

  static byte[] body(byte[] image) {
    StringBuilder json = new StringBuilder("{\"data\": [[[");
    for (int row = 0; row < Net.SIZE; row++) {
      json.append(row == 0 ? "[" : ", [");
      for (int column = 0; column < Net.SIZE; column++) {
        json.append(column == 0 ? "" : ", ").append(NUMBERS[image[row * Net.SIZE + column] & 0xff]);
      }
      json.append(']');
    }
    return json.append("]]]}").toString().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Prints a float32 as Python prints the float64 it becomes: the fewest digits that read back as
   * the same, which {@code Double.toString} does not always find before JDK 19. For sizes from 1e-4
   * to 1e15, where Python writes no exponent.
   */
  static String python(float value) {
    double wide = value;
    for (int digits = 1; digits < 17; digits++) {
      BigDecimal rounded = new BigDecimal(wide).round(new MathContext(digits));
      if (rounded.doubleValue() == wide) {
        return withPoint(rounded);
      }
    }
    return withPoint(new BigDecimal(wide).round(new MathContext(17)));
  }

  private static String withPoint(BigDecimal number) {
    String text = number.toPlainString();
    return text.contains(".") ? text : text + ".0";
  }
}
