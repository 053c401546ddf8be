// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import java.awt.Color;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fits XChart's SVG into a page: colours become CSS variables, so that the curve follows the page
 * into the dark; ids get a prefix; the thousands of single strokes of a curve become one path with
 * rounded coordinates, a tenth of the bytes.
 *
 * <p>How it works: the chart is drawn in colours that occur nowhere else, {@code rgb(n,254,n)}, and
 * each is replaced by {@code var(--chart-…)}. VectorGraphics2D writes one element a line with its
 * attributes in alphabetic order; a line that looks otherwise is left as it is.
 */
final class SvgTheme {

  static final Color PAPER = new Color(1, 254, 1);
  static final Color INK = new Color(2, 254, 2);
  static final Color GRID = new Color(3, 254, 3);
  static final Color RAW = new Color(4, 254, 4);
  static final Color TRAIN = new Color(5, 254, 5);
  static final Color TEST = new Color(6, 254, 6);

  private static final Map<Color, String> VARIABLES = new LinkedHashMap<>();

  static {
    VARIABLES.put(PAPER, "none");
    VARIABLES.put(INK, "var(--muted)");
    VARIABLES.put(GRID, "var(--line)");
    VARIABLES.put(RAW, "var(--chart-raw)");
    VARIABLES.put(TRAIN, "var(--chart-train)");
    VARIABLES.put(TEST, "var(--chart-test)");
  }

  private static final Pattern STROKE =
      Pattern.compile(
          "\\s*<line style=\"([^\"]*)\" x1=\"([^\"]*)\" x2=\"([^\"]*)\" y1=\"([^\"]*)\""
              + " y2=\"([^\"]*)\"/>");
  private static final Pattern LONG_DECIMAL = Pattern.compile("(\\d\\.\\d\\d)\\d+");
  private static final Pattern SIZE = Pattern.compile(" (?:width|height|x|y)=\"\\d+px\"");

  private SvgTheme() {}

  /** Gives the {@code <svg>} element alone, without XML declaration and DOCTYPE. */
  static String apply(String document, String id) {
    String svg = document.substring(document.indexOf("<svg")).strip();
    int end = svg.indexOf('>');
    String open = SIZE.matcher(svg.substring(0, end)).replaceAll("");
    open = open.replace(" xmlns:xlink=\"http://www.w3.org/1999/xlink\"", "");
    svg = open + " aria-hidden=\"true\" focusable=\"false\"" + svg.substring(end);
    svg =
        svg.replace("id=\"clip", "id=\"" + id + "clip").replace("url(#clip", "url(#" + id + "clip");
    for (Map.Entry<Color, String> entry : VARIABLES.entrySet()) {
      Color c = entry.getKey();
      String rgb = "rgb(" + c.getRed() + "," + c.getGreen() + "," + c.getBlue() + ")";
      svg = svg.replace(rgb, entry.getValue());
    }
    return LONG_DECIMAL.matcher(joinStrokes(svg)).replaceAll("$1");
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
