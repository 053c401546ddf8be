// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.LossPoint;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Draws the loss curve with XChart. The only class that touches XChart or AWT: loading or running
 * it throws an Error where the library is absent or Java finds no font, and the caller copes.
 */
final class LossChart {

  /** Above this ratio of highest to lowest loss a linear axis would flatten the later curve. */
  private static final double LOGARITHMIC_FROM = 8;

  private LossChart() {}

  /** Gives {@code <svg>} markup. Sets {@code java.awt.headless} to true if it is not set at all. */
  static String svg(List<LossPoint> losses, List<Epoch> epochs, int width, int height, String id) {
    if (System.getProperty("java.awt.headless") == null) {
      System.setProperty("java.awt.headless", "true"); // No display is needed, so ask for none.
    }
    List<LossPoint> curve = LossCurve.finite(losses);
    List<LossPoint> tests = LossCurve.testLosses(epochs);
    XYChart chart = new XYChart(width, height);
    chart.setXAxisTitle("epoch");
    style(chart.getStyler(), curve, tests);
    if (!curve.isEmpty()) {
      line(chart, "batch", LossCurve.thin(curve, width / 3), SvgTheme.RAW, 1f);
      line(
          chart,
          "smoothed",
          LossCurve.thin(LossCurve.smooth(curve), width / 3),
          SvgTheme.TRAIN,
          2.2f);
    }
    if (!tests.isEmpty()) {
      XYSeries series = line(chart, "test", tests, SvgTheme.TEST, 1.6f);
      series.setMarker(SeriesMarkers.CIRCLE);
      series.setMarkerColor(SvgTheme.TEST);
    }
    return SvgTheme.apply(encode(chart), id);
  }

  private static XYSeries line(
      XYChart chart, String name, List<LossPoint> points, Color color, float width) {
    XYSeries series =
        chart.addSeries(
            name,
            points.stream().mapToDouble(LossPoint::epoch).toArray(),
            points.stream().mapToDouble(LossPoint::loss).toArray());
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(color);
    series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    return series;
  }

  private static void style(XYStyler style, List<LossPoint> curve, List<LossPoint> tests) {
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    style.setChartBackgroundColor(SvgTheme.PAPER).setChartFontColor(SvgTheme.INK);
    style.setChartPadding(4).setPlotBackgroundColor(SvgTheme.PAPER).setPlotBorderVisible(false);
    style.setLegendVisible(false).setChartTitleVisible(false).setMarkerSize(8);
    style.setPlotContentSize(0.97); // Room for a marker at the last epoch.
    style.setAxisTickLabelsFont(font).setAxisTitleFont(font).setAxisTickLabelsColor(SvgTheme.INK);
    style.setXAxisTitleColor(SvgTheme.INK);
    style
        .setAxisTicksLineVisible(false)
        .setAxisTicksMarksVisible(false)
        .setYAxisTitleVisible(false);
    style.setPlotGridVerticalLinesVisible(false).setPlotGridLinesColor(SvgTheme.GRID);
    style.setPlotGridLinesStroke(new BasicStroke(1f));
    style.setLocale(Locale.ROOT).setXAxisDecimalPattern("0.##").setYAxisDecimalPattern("0.0##");
    double[] all = losses(curve, tests).toArray();
    double low = DoubleStream.of(all).min().orElse(0);
    double high = DoubleStream.of(all).max().orElse(1);
    double last =
        DoubleStream.concat(
                curve.stream().mapToDouble(LossPoint::epoch),
                tests.stream().mapToDouble(LossPoint::epoch))
            .max()
            .orElse(1);
    style.setXAxisMin(0.0).setXAxisMax(last);
    if (low > 0 && high / low >= LOGARITHMIC_FROM) {
      style.setYAxisLogarithmic(true).setYAxisLogarithmicDecadeOnly(false);
      style.setyAxisTickLabelsFormattingFunction(LossChart::logarithmicLabel);
    } else {
      style.setYAxisMin(0.0);
    }
  }

  private static DoubleStream losses(List<LossPoint> curve, List<LossPoint> tests) {
    return DoubleStream.concat(
        curve.stream().mapToDouble(LossPoint::loss), tests.stream().mapToDouble(LossPoint::loss));
  }

  /** Labels 1, 2 and 5 of each decade; the lines between need none. */
  private static String logarithmicLabel(double value) {
    double mantissa = value / Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
    long digit = Math.round(mantissa);
    return digit == 1 || digit == 2 || digit == 5 ? Format.significant(value) : " ";
  }

  private static String encode(XYChart chart) {
    ByteArrayOutputStream svg = new ByteArrayOutputStream();
    try {
      VectorGraphicsEncoder.saveVectorGraphic(chart, svg, VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // Memory does not fail.
    }
    return svg.toString(StandardCharsets.UTF_8);
  }
}
