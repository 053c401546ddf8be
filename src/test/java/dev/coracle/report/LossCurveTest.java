// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.report.ReportData.LossPoint;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LossCurveTest {

  @Test
  void thin_longCurve_keepsEndsAndExtremes() {
    List<LossPoint> curve =
        IntStream.range(0, 10_000)
            .mapToObj(i -> new LossPoint(i, i == 4_321 ? 99 : i == 7_777 ? -5 : Math.sin(i)))
            .toList();

    List<LossPoint> thin = LossCurve.thin(curve, 100);

    assertThat(thin)
        .hasSizeLessThanOrEqualTo(202)
        .startsWith(curve.get(0))
        .endsWith(curve.get(9_999));
    assertThat(thin).contains(curve.get(4_321), curve.get(7_777));
    assertThat(thin).isSortedAccordingTo((a, b) -> Double.compare(a.epoch(), b.epoch()));
  }

  @Test
  void thin_shortCurve_isTheSame() {
    List<LossPoint> curve = List.of(new LossPoint(1, 2), new LossPoint(2, 1));

    assertThat(LossCurve.thin(curve, 100)).isEqualTo(curve);
  }

  @Test
  void smooth_straightLine_leavesItButTheEnd() {
    List<LossPoint> line = IntStream.range(0, 50).mapToObj(i -> new LossPoint(i, 2.0 * i)).toList();

    assertThat(LossCurve.smooth(line).subList(0, 49)).isEqualTo(line.subList(0, 49));
  }

  @Test
  void axis_wideRange_isLogarithmicWithRoundLabels() {
    LossAxis axis =
        LossAxis.of(List.of(new LossPoint(0.5, 2.3), new LossPoint(3, 0.004)), List.of());

    assertThat(axis.logarithmic()).isTrue();
    assertThat(axis.lossLabels(9).values())
        .containsExactly("0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2");
    assertThat(axis.epochLabels(6).values())
        .containsExactly("0", "0.5", "1", "1.5", "2", "2.5", "3");
    assertThat(axis.y(2.3)).isBetween(0.9, 1.0);
  }

  @Test
  void axis_narrowRange_isLinearFromZero() {
    LossAxis axis = LossAxis.of(List.of(new LossPoint(1, 0.5), new LossPoint(2, 0.3)), List.of());

    assertThat(axis.logarithmic()).isFalse();
    assertThat(axis.y(0)).isZero();
  }
}
