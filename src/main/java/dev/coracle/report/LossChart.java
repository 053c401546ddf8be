// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.LossPoint;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws the loss curve with XChart. The only class that touches XChart and, with its colours in
 * SvgTheme, AWT: loading or running it throws an Error where the library is absent or AWT cannot
 * start, which the caller handles.
 *
 * <p>XChart draws only the curves, within 0 to 1 on both axes. {@link SvgTheme} adds grid and
 * labels as text in the page's own font: XChart's would be outlines of whatever font this machine
 * has, and its search for labels that all differ does not end for some data (seen with 3.8.8).
 */
final class LossChart {

  private static final int MANY = 100; // epochs, whose markers would merge into a band

  private LossChart() {}

  /**
   * Returns {@code <svg>} markup. Sets {@code java.awt.headless} to true if it is not set at all.
   */
  static String svg(List<LossPoint> losses, List<Epoch> epochs, int width, int height, String id) {
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true"); // No display is needed, so ask for none.
    }
    List<LossPoint> curve = LossCurve.finite(losses);
    List<LossPoint> tests = LossCurve.testLosses(epochs);
    LossAxis axis = LossAxis.of(curve, tests);
    XYChart chart = new XYChart(width, height);
    style(chart.getStyler());
    if (!curve.isEmpty()) {
      int dots = width / 3;
      line(chart, "batch", axis, LossCurve.thin(curve, dots), SvgTheme.RAW, 1f);
      line(chart, "smoothed", axis, LossCurve.smooth(curve, 2 * dots), SvgTheme.TRAIN, 2.2f);
    }
    if (!tests.isEmpty()) {
      XYSeries series = line(chart, "test", axis, tests, SvgTheme.TEST, 1.6f);
      series.setMarker(tests.size() < MANY ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
      series.setMarkerColor(SvgTheme.TEST);
    }
    return SvgTheme.apply(encode(chart), id, axis);
  }

  private static XYSeries line(
      XYChart chart, String name, LossAxis axis, List<LossPoint> points, Color color, float width) {
    XYSeries series =
        chart.addSeries(
            name,
            points.stream().mapToDouble(p -> axis.x(p.epoch())).toArray(),
            points.stream().mapToDouble(p -> axis.y(p.loss())).toArray());
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(color);
    series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    return series;
  }

  private static void style(XYStyler style) {
    style.setChartBackgroundColor(SvgTheme.PAPER).setPlotBackgroundColor(SvgTheme.PAPER);
    style.setChartPadding(6).setPlotBorderVisible(false).setPlotContentSize(1).setMarkerSize(8);
    style.setLegendVisible(false).setChartTitleVisible(false);
    style.setPlotMargin(0).setAxisTitlesVisible(false).setAxisTicksVisible(false);
    style.setPlotGridLinesVisible(false).setXAxisMin(0.0).setXAxisMax(1.0);
    style.setYAxisMin(0.0).setYAxisMax(1.0);
  }

  private static String encode(XYChart chart) {
    ByteArrayOutputStream svg = new ByteArrayOutputStream();
    try {
      VectorGraphicsEncoder.saveVectorGraphic(chart, svg, VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // Writing to memory does not fail.
    }
    return svg.toString(StandardCharsets.UTF_8);
  }
}
