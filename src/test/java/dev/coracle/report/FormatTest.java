// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatTest {

  @ParameterizedTest
  @CsvSource({
    "1, 100 %, 100",
    "0.999999, 99.99 %, 99.9",
    "0.9852, 98.52 %, 98.5",
    "0, 0.00 %, 0.0",
    "NaN, –, –"
  })
  void percent_anyShare_neverRoundsUpTo100(double share, String full, String brief) {
    assertThat(plain(Format.percent(share))).isEqualTo(full);
    assertThat(Format.percentShort(share)).isEqualTo(brief);
  }

  @ParameterizedTest
  @CsvSource({
    "1, > 99.99 %",
    "0.9997, 99.97 %",
    "0.9975, 99.8 %",
    "0.9899, 99 %",
    "0.97, 97 %",
    "0.005, 0.50 %",
    "0.0003, 0.030 %",
    "0, < 0.001 %"
  })
  void probability_anyValue_hasTheDigitsThatTell(double p, String expected) {
    assertThat(plain(Format.probability(p))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "0.7, 0.7",
    "0.343, 0.343",
    "0.001234, 0.001234",
    "0.00099954, 0.0009995",
    "0.00001, 1e-5",
    "0.0000123456, 1.235e-5",
    "20, 20",
    "100, 100",
    "1234.5, 1235",
    "10000, 1e4",
    "-20500, -2.05e4",
    "1e30, 1e30",
    "1.2e-100, 1.2e-100"
  })
  void significant_anyValue_isShort(double value, String expected) {
    assertThat(Format.significant(value)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0.04754, 0.0475",
    "99999, 99999.0000",
    "100000, 1e5",
    "5.0029835574599526e18, 5.003e18",
    "NaN, not finite"
  })
  void loss_anyValue_isShort(double value, String expected) {
    assertThat(Format.loss(value)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"8.44, 8.4 s", "59.96, 1 min 00 s", "200, 3 min 20 s", "7500, 2 h 05 min", "-1, –"})
  void duration_anySeconds_usesTwoUnitsAtMost(double seconds, String expected) {
    assertThat(plain(Format.duration(seconds))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"999, 999 B", "1000, 1.0 kB", "1500, 1.5 kB", "1000000, 1.0 MB", "4803421, 4.8 MB"})
  void bytes_anySize_areDecimalUnits(long bytes, String expected) {
    assertThat(plain(Format.bytes(bytes))).isEqualTo(expected);
  }

  private static String plain(String text) {
    return text.replace('\u00a0', ' ');
  }
}
