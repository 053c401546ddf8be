// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.awt.geom.Line2D;
import java.awt.geom.Point2D;
import java.awt.geom.Rectangle2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Draws latency (logarithmic) over throughput as an SVG document that follows the page into the
 * dark: one curve for p50, one for p99, each point with its number of connections.
 *
 * @param points in order of connections
 * @param limit throughput of the library alone, drawn as a line
 */
record CurvePicture(List<Point> points, Optional<Double> limit) {

  /** Latencies in ms. */
  record Point(int connections, double perSecond, double p50, double p99) {}

  private static final int WIDTH = 720;
  private static final int HEIGHT = 420;
  private static final int LEFT = 64;
  private static final int RIGHT = 700;
  private static final int TOP = 40;
  private static final int BOTTOM = 360;

  private static final String STYLE =
      """
      <style>
      text { font: 13px system-ui, sans-serif; fill: #57606a }
      .small { font-size: 11px }
      .grid { stroke: #d0d7de; stroke-width: 1; fill: none }
      .limit { stroke: #57606a; stroke-width: 1.5; stroke-dasharray: 5 4; fill: none }
      .line { fill: none; stroke-width: 2.2; stroke-linejoin: round }
      .p50 { stroke: #0969da } .p99 { stroke: #bc4c00 }
      circle.p50, text.p50 { fill: #0969da; stroke: none } circle.p99, text.p99 { fill: #bc4c00; stroke: none }
      @media (prefers-color-scheme: dark) {
        text { fill: #9198a1 } .grid { stroke: #3d444d } .limit { stroke: #9198a1 }
        .p50 { stroke: #58a6ff } .p99 { stroke: #f0883e }
        circle.p50, text.p50 { fill: #58a6ff } circle.p99, text.p99 { fill: #f0883e }
      }
      </style>
      """;

  String svg() {
    StringBuilder svg = new StringBuilder();
    append(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
            + "<title>Latency over throughput, by connections</title>\n",
        WIDTH,
        HEIGHT);
    svg.append(STYLE);
    axes(svg);
    limit.ifPresent(
        library -> {
          append(svg, "<path class=\"limit\" d=\"M%.1f,%d V%d\"/>\n", x(library), TOP, BOTTOM);
          append(
              svg,
              "<text class=\"small\" x=\"%.1f\" y=\"%d\" text-anchor=\"end\">the library alone, lists of 32</text>\n",
              x(library) + 4,
              TOP - 8);
        });
    legend(svg);
    List<Point2D> p50 = at(Point::p50);
    List<Point2D> p99 = at(Point::p99);
    List<Rectangle2D> labels = new ArrayList<>();
    curve(svg, "p99", p99, p50, labels, "above left", "above right", "below right", "below left");
    curve(svg, "p50", p50, p99, labels, "below right", "below left", "above left", "above right");
    return svg.append("</svg>\n").toString();
  }

  private void axes(StringBuilder svg) {
    for (double decade = power(lowest()); decade <= highest() * 1.01; decade *= 10) {
      for (int digit : new int[] {1, 2, 5}) {
        double ms = digit * decade;
        if (ms >= lowest() * 0.99 && ms <= highest() * 1.01) { // as far as doubles tell
          append(
              svg,
              "<path class=\"grid\" d=\"M%d,%.1f H%d\"/>"
                  + "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
              LEFT,
              y(ms),
              RIGHT,
              LEFT - 8,
              y(ms) + 4,
              label(ms));
        }
      }
    }
    for (double perSecond = 0; perSecond <= fastest(); perSecond += step()) {
      append(
          svg,
          "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%,.0f</text>\n",
          x(perSecond),
          BOTTOM + 20,
          perSecond);
    }
    append(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">ms</text>\n", LEFT - 8, TOP - 16);
    append(
        svg,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">requests/s, one image each; numbers at the points: connections</text>\n",
        RIGHT,
        BOTTOM + 44);
  }

  private List<Point2D> at(ToDoubleFunction<Point> latency) {
    return points.stream()
        .map(p -> (Point2D) new Point2D.Double(x(p.perSecond), y(latency.applyAsDouble(p))))
        .toList();
  }

  /** Draws a curve, and beside each point its number, where neither a line nor a number is. */
  private void curve(
      StringBuilder svg,
      String name,
      List<Point2D> curve,
      List<Point2D> other,
      List<Rectangle2D> labels,
      String... places) {
    StringBuilder path = new StringBuilder();
    StringBuilder marks = new StringBuilder();
    for (int i = 0; i < curve.size(); i++) {
      Point2D point = curve.get(i);
      append(path, "%s%.1f,%.1f", path.isEmpty() ? "M" : " L", point.getX(), point.getY());
      append(
          marks,
          "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.6\"/>",
          name,
          point.getX(),
          point.getY());
      int connections = points.get(i).connections;
      List<Rectangle2D> boxes =
          Stream.of(places).map(place -> box(point, connections, place)).toList();
      Rectangle2D box =
          boxes.stream()
              .filter(b -> labels.stream().noneMatch(b::intersects))
              .filter(b -> !crosses(curve, b) && !crosses(other, b))
              .findFirst()
              .orElse(boxes.get(0));
      labels.add(box);
      append(
          marks,
          "<text class=\"small %s\" x=\"%.1f\" y=\"%.1f\">%d</text>\n",
          name,
          box.getX(),
          box.getMaxY(),
          connections);
    }
    append(svg, "<path class=\"line %s\" d=\"%s\"/>\n%s", name, path, marks);
  }

  private static Rectangle2D box(Point2D point, int number, String place) {
    double width = 6.5 * Integer.toString(number).length();
    double x = point.getX() + (place.endsWith("left") ? -6 - width : 6);
    double y = point.getY() + (place.startsWith("above") ? -15 : 5);
    return new Rectangle2D.Double(x, y, width, 9);
  }

  private static boolean crosses(List<Point2D> curve, Rectangle2D box) {
    return IntStream.range(1, curve.size())
        .anyMatch(i -> box.intersectsLine(new Line2D.Double(curve.get(i - 1), curve.get(i))));
  }

  private static void legend(StringBuilder svg) {
    int x = LEFT + 12;
    for (String name : List.of("p50", "p99")) {
      append(
          svg,
          "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/><text x=\"%d\" y=\"%d\">%s</text>\n",
          name,
          x,
          TOP - 13,
          x + 9,
          TOP - 8,
          name);
      x += 60;
    }
  }

  private double x(double perSecond) {
    return LEFT + (RIGHT - LEFT) * perSecond / (fastest() * 1.04);
  }

  private double y(double ms) {
    double share = Math.log(ms / lowest()) / Math.log(highest() / lowest());
    return BOTTOM - (BOTTOM - TOP) * share;
  }

  private double fastest() {
    double measured = points.stream().mapToDouble(Point::perSecond).max().orElseThrow();
    return Math.max(measured, limit.orElse(0.0));
  }

  /** Returns the last of 1, 2, 5, 10, ... below all latencies. */
  private double lowest() {
    double least = points.stream().mapToDouble(Point::p50).min().orElseThrow();
    return power(least) * (least >= 5 * power(least) ? 5 : least >= 2 * power(least) ? 2 : 1);
  }

  /** Returns the first of 1, 2, 5, 10, ... above all latencies. */
  private double highest() {
    double most = points.stream().mapToDouble(Point::p99).max().orElseThrow();
    return power(most) * (most <= 2 * power(most) ? 2 : most <= 5 * power(most) ? 5 : 10);
  }

  private static double power(double ms) {
    return Math.pow(10, Math.floor(Math.log10(ms)));
  }

  private double step() {
    return fastest() > 5_000 ? 2_000 : fastest() > 2_000 ? 1_000 : 200;
  }

  private static String label(double ms) {
    return String.format(Locale.ROOT, ms < 0.1 ? "%.2f" : ms < 1 ? "%.1f" : "%.0f", ms);
  }

  private static void append(StringBuilder to, String format, Object... values) {
    to.append(String.format(Locale.ROOT, format, values));
  }
}
