// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Oracle: {@link Float#parseFloat}, which gives the float nearest to the decimal; bit for bit. */
class DecimalTest {

  private static void check(String text) {
    float parsed = Decimal.parse(text);
    if (Float.floatToRawIntBits(parsed) != Float.floatToRawIntBits(Float.parseFloat(text))) {
      assertThat(parsed).as(text).isEqualTo(Float.parseFloat(text));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-0",
        "-0.0",
        "1",
        "-1",
        "255",
        "-0.4242129623889923",
        "2.8215435",
        "1e-3",
        "1E+2",
        ".5",
        "5.",
        "+1",
        "3.4028235e38",
        "3.4028236e38",
        "1e308",
        "-1e308",
        "1e-46",
        "1.4e-45",
        "1.1754944e-38",
        "9007199791611905",
        "16777217",
        "16777219",
        "123456789012345678901234567890",
        "0.0000000000000000000000000000000000000000000001",
        "0.1000000000000000000000000000000001"
      })
  void parse_numbersOfEachForm_areNearest(String text) {
    check(text);
  }

  @Test
  void parse_randomDecimals_areNearest() {
    Random random = new Random(7);
    for (int i = 0; i < 100_000; i++) {
      check(Double.toString(random.nextGaussian()));
      check(Float.toString(Float.intBitsToFloat(random.nextInt(0x7f800000))));
      check(random.nextLong() + "." + Math.abs((long) random.nextInt()));
    }
  }

  /** Halfway between two floats, and a little to each side, where rounding twice goes wrong. */
  @Test
  void parse_aroundTheMiddleOfTwoFloats_isNearest() {
    Random random = new Random(8);
    for (int i = 0; i < 10_000; i++) {
      float low = (random.nextInt(1 << 23) + (1 << 23)) / (float) (1 << random.nextInt(23));
      BigDecimal middle = new BigDecimal(((double) low + Math.nextUp(low)) / 2);
      check(middle.toPlainString());
      String digits = middle.toPlainString();
      for (int last = 1; last < 20; last += 4) {
        BigDecimal little = BigDecimal.ONE.movePointLeft(middle.scale() + last);
        check(middle.add(little).toPlainString());
        check(middle.subtract(little).toPlainString());
      }
      check(digits.substring(0, Math.min(digits.length(), 17)));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-",
        ".",
        "-.",
        "+",
        "NaN",
        "Infinity",
        "0x1p3",
        "1f",
        "1d",
        "1 ",
        "1_0",
        "e5",
        "1e",
        "--1",
        "1.2.3",
        "1-2",
        "١"
      })
  void parse_noDecimal_isNaN(String text) {
    assertThat(Decimal.parse(text)).isNaN();
  }
}
