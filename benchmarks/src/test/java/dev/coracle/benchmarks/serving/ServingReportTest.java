// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.StringReader;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

/** The figures expected here were worked out by hand. */
final class ServingReportTest {

  private final ObjectNode document = new ObjectMapper().createObjectNode();

  @Test
  void text_threeRounds_makesRatiosWithinARound() {
    round(10_000, 5_000);
    round(8_000, 6_400);
    round(12_000, 7_500);
    // 0.5, 0.8 and 0.625 within the rounds; the medians' ratio would be 0.64.
    assertThat(new ServingReport(document).text().lines())
        .contains(
            "| HTTP, raw bytes, 64 connections | 6,400 (5,000–7,500) | 63 % | 4.00 (4.00–4.00) | 9.00 (9.00–9.00) |",
            "| raw / library | 0.63 (0.50–0.80) | ≥ 0.60 | yes |",
            "| raw, requests/s | 6,400 (5,000–7,500) | ≥ 3,851 | yes |");
  }

  @Test
  void goals_oneRefusalTooLate_isNotMetWhateverTheMedian() {
    for (double max : new double[] {5, 6, 11}) {
      round(1, 1).putObject("overload").put("refusedMax", max).put("shareOther", 0);
    }
    assertThat(new ServingGoals(new Figures(document)).table().lines())
        .contains(
            "| overload: 503 after, slowest, ms | 6.00 (5.00–11.0) | ≤ 10 | **no** |",
            "| overload: answered otherwise or not, % | 0.00 (0.00–0.00) | 0 | yes |");
  }

  @Test
  void text_partNotMeasured_hasNoRowAmongTheGoals() {
    round(1, 1);
    assertThat(new ServingReport(document).text()).doesNotContain("overload", "start to first");
  }

  @Test
  void picture_curve_isAnSvgWithAPointForEveryNumberOfConnections() throws Exception {
    ObjectNode curve = round(12_000, 5_000).putObject("curve");
    for (int connections : LoadCurve.CONNECTIONS) {
      ObjectNode point = curve.putObject("" + connections);
      point.put("perSecond", 9_000.0 * connections / (connections + 8));
      point.put("p50", 0.2 + 0.1 * connections).put("p99", 0.4 + 0.3 * connections);
    }
    String svg = new ServingReport(document).picture();
    Document parsed =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    assertThat(parsed.getDocumentElement().getTagName()).isEqualTo("svg");
    assertThat(parsed.getElementsByTagName("circle").getLength())
        .isEqualTo(2 * LoadCurve.CONNECTIONS.size() + 2); // the legend has one of each
    assertThat(svg).contains("prefers-color-scheme: dark").doesNotContain("NaN", "Infinity");
  }

  @Test
  void picture_noCurve_isRefused() {
    round(1, 1);
    assertThatThrownBy(() -> new ServingReport(document).picture())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/curve/1/perSecond");
  }

  private ObjectNode round(double library, double raw) {
    ObjectNode round = document.withArray("rounds").addObject();
    round.putObject("library").put("oneCaller", library).put("best", library);
    round.putObject("raw").put("perSecond", raw).put("p50", 4).put("p99", 9);
    return round;
  }
}
