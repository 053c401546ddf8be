// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class TrainingMetricsTest {

  @Test
  void line_inAnyLocale_isFoundByTheDefinitions() {
    Locale before = Locale.getDefault();
    Map<String, String> expected =
        Map.of(
            "train:loss", "0.000012",
            "test:loss", "1234567.500000",
            "test:accuracy", "0.987600",
            "train:images_per_second", "1342.2");
    try {
      Locale.setDefault(Locale.GERMANY);
      String line = TrainingMetrics.line(3, 1.2e-5, 1234567.5, 0.9876, 1342.15);
      TrainingMetrics.DEFINITIONS.forEach(
          (name, regex) -> {
            assertThat(regex).hasSizeLessThanOrEqualTo(500);
            Matcher matcher = Pattern.compile(regex).matcher(line);
            assertThat(matcher.find()).as(name).isTrue();
            assertThat(matcher.group(1)).as(name).isEqualTo(expected.get(name));
          });
    } finally {
      Locale.setDefault(before);
    }
  }
}
