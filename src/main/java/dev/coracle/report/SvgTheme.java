// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import java.awt.Color;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fits XChart's SVG into a page: colours become CSS variables, so that the curve follows the page's
 * dark mode; ids are renamed to be unique in the page; the thousands of single strokes of a curve
 * become one path with rounded coordinates, which takes a tenth of the bytes.
 *
 * <p>How it works: the chart is drawn in colours that occur nowhere else, {@code rgb(n,254,n)}, and
 * each is replaced by {@code var(--chart-…)}. VectorGraphics2D writes one element per line with its
 * attributes in alphabetical order; a line that does not match is left unchanged.
 */
final class SvgTheme {

  static final Color PAPER = new Color(1, 254, 1);
  static final Color RAW = new Color(4, 254, 4);
  static final Color TRAIN = new Color(5, 254, 5);
  static final Color TEST = new Color(6, 254, 6);

  private static final Map<Color, String> VARIABLES = new LinkedHashMap<>();

  static {
    VARIABLES.put(PAPER, "none");
    VARIABLES.put(RAW, "var(--chart-raw)");
    VARIABLES.put(TRAIN, "var(--chart-train)");
    VARIABLES.put(TEST, "var(--chart-test)");
  }

  private static final Pattern CLIP_ID = Pattern.compile("(?<=id=\"|url\\(#)clip-?\\d+");
  private static final Pattern STROKE =
      Pattern.compile(
          "\\s*<line style=\"([^\"]*)\" x1=\"([^\"]*)\" x2=\"([^\"]*)\" y1=\"([^\"]*)\""
              + " y2=\"([^\"]*)\"/>");
  private static final Pattern LONG_DECIMAL = Pattern.compile("(\\d\\.\\d\\d)\\d+");
  private static final Pattern VIEW_BOX = Pattern.compile("viewBox=\"0 0 (\\d+) (\\d+)\"");
  private static final Pattern PLOT_AREA =
      Pattern.compile(
          "<clipPath[^>]*>\\s*<rect height=\"([^\"]*)\" width=\"([^\"]*)\" x=\"([^\"]*)\""
              + " y=\"([^\"]*)\"/>");
  private static final int LEFT = 44; // room for the labels of the losses
  private static final int BELOW = 42; // room for two lines: the epochs, and the word

  private SvgTheme() {}

  /**
   * Returns only the {@code <svg>} element, with grid and labels, without XML declaration and
   * DOCTYPE.
   */
  static String apply(String document, String id, LossAxis axis) {
    Matcher size = VIEW_BOX.matcher(document);
    Matcher area = PLOT_AREA.matcher(document);
    if (!size.find() || !area.find()) {
      throw new IllegalStateException("XChart's SVG has no viewBox or no clipPath with a rect");
    }
    int width = Integer.parseInt(size.group(1)) + LEFT;
    int height = Integer.parseInt(size.group(2)) + BELOW;
    String curves = document.substring(document.indexOf('>', size.start()) + 1);
    Map<String, String> ids = new HashMap<>(); // XChart's ids change from run to run.
    curves =
        CLIP_ID
            .matcher(curves)
            .replaceAll(
                clip -> ids.computeIfAbsent(clip.group(), name -> id + "clip" + ids.size()));
    for (Map.Entry<Color, String> entry : VARIABLES.entrySet()) {
      Color c = entry.getKey();
      String rgb = "rgb(" + c.getRed() + "," + c.getGreen() + "," + c.getBlue() + ")";
      curves = curves.replace(rgb, entry.getValue());
    }
    String svg =
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%d 0 %d %d\" aria-hidden=\"true\">\n",
            -LEFT,
            width,
            height);
    String rounded = LONG_DECIMAL.matcher(joinStrokes(curves)).replaceAll("$1");
    return svg + grid(axis, new Rectangle(area)) + rounded;
  }

  /** Draws a line for each labelled loss, and the labels of both axes. */
  private static String grid(LossAxis axis, Rectangle plot) {
    StringBuilder grid = new StringBuilder();
    axis.lossLabels((int) plot.height / 36)
        .forEach(
            (loss, label) -> {
              double y = plot.y + plot.height * (1 - axis.y(loss));
              grid.append(
                  String.format(
                      Locale.ROOT,
                      "<path class=\"grid\" d=\"M%.1f,%.1f h%.1f\"/>"
                          + "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                      plot.x,
                      y,
                      plot.width,
                      plot.x - 8,
                      y + 4,
                      label));
            });
    double bottom = plot.y + plot.height + 20;
    axis.epochLabels((int) plot.width / 80)
        .forEach(
            (epoch, label) ->
                grid.append(
                    String.format(
                        Locale.ROOT,
                        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
                        plot.x + plot.width * axis.x(epoch),
                        bottom,
                        label)));
    return grid
        + String.format(
            Locale.ROOT,
            "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">epoch</text>\n",
            plot.x + plot.width,
            bottom + 18);
  }

  private record Rectangle(double x, double y, double width, double height) {
    Rectangle(Matcher area) {
      this(
          Double.parseDouble(area.group(3)),
          Double.parseDouble(area.group(4)),
          Double.parseDouble(area.group(2)),
          Double.parseDouble(area.group(1)));
    }
  }

  /** Joins each run of strokes that start where the last one ended. */
  private static String joinStrokes(String svg) {
    StringBuilder out = new StringBuilder(svg.length());
    String style = "";
    String end = "";
    for (String line : (svg + "\n").split("\n", -1)) {
      Matcher stroke = STROKE.matcher(line);
      boolean isStroke = stroke.matches();
      boolean joins = isStroke && style.equals(stroke.group(1)) && end.equals(point(stroke, 2, 4));
      if (!style.isEmpty() && !joins) {
        out.append("\" style=\"").append(style).append("\"/>\n");
        style = "";
      }
      if (!isStroke) {
        out.append(line.strip()).append('\n');
      } else {
        if (!joins) {
          style = stroke.group(1);
          out.append("<path d=\"M").append(point(stroke, 2, 4));
        }
        end = point(stroke, 3, 5);
        out.append(joins ? " " : " L").append(end);
      }
    }
    return out.toString().strip();
  }

  private static String point(Matcher stroke, int x, int y) {
    return stroke.group(x) + "," + stroke.group(y);
  }
}
