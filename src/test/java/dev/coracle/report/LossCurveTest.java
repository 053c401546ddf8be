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

    assertThat(LossCurve.smooth(line, 50).subList(0, 49)).isEqualTo(line.subList(0, 49));
  }

  @Test
  void smooth_oneHugeLoss_leavesWhatIsFarFromIt() {
    List<LossPoint> curve =
        IntStream.range(0, 600).mapToObj(i -> new LossPoint(i, i == 100 ? 1e16 : 0.5)).toList();

    List<LossPoint> smooth = LossCurve.smooth(curve, 600);

    assertThat(smooth).hasSize(600);
    for (LossPoint point : smooth) {
      boolean near = Math.abs(point.epoch() - 100) <= 10; // a sixtieth of 600
      assertThat(point.loss() == 0.5).as("%s", point).isEqualTo(!near);
    }
  }

  @Test
  void smooth_longCurve_hasEvenPointsWithBothEnds() {
    List<LossPoint> curve =
        IntStream.range(0, 100_000).mapToObj(i -> new LossPoint(i, 3.0 * i)).toList();

    List<LossPoint> smooth = LossCurve.smooth(curve, 5);

    assertThat(smooth)
        .extracting(LossPoint::epoch)
        .containsExactly(0.0, 24_999.0, 49_999.0, 74_999.0, 99_999.0);
    assertThat(smooth.get(2)).isEqualTo(curve.get(49_999));
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
  void axis_moreDecadesThanLabels_labelsEveryKthShortly() {
    LossAxis axis =
        LossAxis.of(List.of(new LossPoint(0.5, 2e-7), new LossPoint(3, 5e25)), List.of());

    assertThat(axis.lossLabels(9).values())
        .containsExactly("0.0001", "1", "1e4", "1e8", "1e12", "1e16", "1e20", "1e24");
    assertThat(axis.lossLabels(1).values()).hasSizeLessThanOrEqualTo(1);
  }

  @Test
  void axis_narrowRange_isLinearFromZero() {
    LossAxis axis = LossAxis.of(List.of(new LossPoint(1, 0.5), new LossPoint(2, 0.3)), List.of());

    assertThat(axis.logarithmic()).isFalse();
    assertThat(axis.y(0)).isZero();
  }
}
