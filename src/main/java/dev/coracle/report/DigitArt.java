// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws grey pictures in a terminal. A character cell is about twice as high as wide, so each
 * character shows two pixels, one above the other: 28×28 pixels become 28 columns and 14 lines.
 */
public final class DigitArt {

  /** Columns of a terminal whose width is not known. */
  public static final int DEFAULT_WIDTH = 100;

  private static final String HALF_BLOCKS = " ▄▀█"; // by (upper set ? 2 : 0) + (lower set ? 1 : 0)
  private static final String RAMP = " .:-=+*#%@"; // from black to white
  private static final String RESET = "\u001b[0m";
  private static final String GAP = "  ";

  /** How a picture is made of characters. */
  public enum Style {
    /** Ten shades of ASCII characters, for a charset without block characters. */
    ASCII,
    /** Half blocks in the terminal's own colours: a pixel is set or not. */
    BLOCKS,
    /** Half blocks in the 24 greys, black and white of a terminal with 256 colours. */
    GREYS;

    /**
     * Chooses the best style that a terminal with this charset can show; {@code colour} allows
     * escape codes.
     */
    public static Style of(Charset charset, boolean colour) {
      boolean blocks = charset.canEncode() && charset.newEncoder().canEncode(HALF_BLOCKS);
      return !blocks ? ASCII : colour ? GREYS : BLOCKS;
    }
  }

  /**
   * A picture and the words under it.
   *
   * @param pixels unsigned grey values, (rows, columns), 0 black, 255 white; not copied
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  public record Picture(byte[] pixels, int rows, int columns, String caption) {

    /** Throws IllegalArgumentException unless there are {@code rows * columns} pixels. */
    public Picture {
      if (rows < 1 || columns < 1 || pixels.length != (long) rows * columns) {
        throw new IllegalArgumentException(
            "pixels: " + pixels.length + " bytes, expected rows*columns = " + rows + "*" + columns);
      }
    }

    /** Returns a pixel, or black below the last row: an odd one has no partner. */
    private int pixel(int row, int column) {
      return row < rows ? Byte.toUnsignedInt(pixels[row * columns + column]) : 0;
    }
  }

  private DigitArt() {}

  /** Returns {@code (rows + 1) / 2} lines of {@code columns} visible characters each. */
  public static List<String> draw(Picture picture, Style style) {
    int threshold = style == Style.BLOCKS ? threshold(picture.pixels()) : 0;
    List<String> lines = new ArrayList<>();
    for (int row = 0; row < picture.rows(); row += 2) {
      lines.add(
          switch (style) {
            case ASCII -> asciiLine(picture, row);
            case BLOCKS -> blockLine(picture, row, threshold);
            case GREYS -> greyLine(picture, row);
          });
    }
    return lines;
  }

  /**
   * Lays pictures side by side, as many as {@code width} columns hold but at least one, each over
   * its centred caption. A caption wider than its picture widens the column; one wider than the
   * terminal is cut. Every line ends in a line feed.
   */
  public static String sheet(List<Picture> pictures, int width, Style style) {
    int cell =
        pictures.stream()
            .mapToInt(p -> Math.max(p.columns(), Math.min(width, columns(clean(p.caption())))))
            .max()
            .orElse(1);
    int perRow = Math.max(1, (width + GAP.length()) / (cell + GAP.length()));
    StringBuilder sheet = new StringBuilder();
    for (int first = 0; first < pictures.size(); first += perRow) {
      sheet.append(first == 0 ? "" : "\n");
      List<Picture> row = pictures.subList(first, Math.min(first + perRow, pictures.size()));
      appendRow(sheet, row, cell, style);
    }
    return sheet.toString();
  }

  private static void appendRow(StringBuilder sheet, List<Picture> row, int cell, Style style) {
    List<List<String>> drawn = row.stream().map(p -> draw(p, style)).toList();
    int height = drawn.stream().mapToInt(List::size).max().orElse(0);
    for (int line = 0; line <= height; line++) {
      StringBuilder out = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        Picture picture = row.get(i);
        boolean isCaption = line == height;
        String text =
            isCaption
                ? cut(clean(picture.caption()), cell, style)
                : line < drawn.get(i).size() ? drawn.get(i).get(line) : "";
        int taken = isCaption ? columns(text) : text.isEmpty() ? 0 : picture.columns();
        int before = (cell - taken) / 2;
        out.append(" ".repeat(before)).append(text).append(" ".repeat(cell - taken - before));
        out.append(GAP);
      }
      sheet.append(out.toString().stripTrailing()).append('\n');
    }
  }

  private static String asciiLine(Picture picture, int row) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < picture.columns(); c++) {
      int both = picture.pixel(row, c) + picture.pixel(row + 1, c);
      int grey = row + 1 < picture.rows() ? both / 2 : both;
      line.append(RAMP.charAt(grey * RAMP.length() / 256));
    }
    return line.toString();
  }

  private static String blockLine(Picture picture, int row, int threshold) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < picture.columns(); c++) {
      int upper = picture.pixel(row, c) > threshold ? 2 : 0;
      int lower = picture.pixel(row + 1, c) > threshold ? 1 : 0;
      line.append(HALF_BLOCKS.charAt(upper + lower));
    }
    return line.toString();
  }

  /** Upper pixel as foreground, lower as background; a colour is set only where it changes. */
  private static String greyLine(Picture picture, int row) {
    StringBuilder line = new StringBuilder();
    int foreground = -1;
    int background = -1;
    for (int c = 0; c < picture.columns(); c++) {
      int upper = colour(picture.pixel(row, c));
      int lower = colour(picture.pixel(row + 1, c));
      if (upper != foreground) {
        line.append("\u001b[38;5;").append(upper).append('m');
      }
      if (lower != background) {
        line.append("\u001b[48;5;").append(lower).append('m');
      }
      foreground = upper;
      background = lower;
      line.append('▀');
    }
    return line.append(RESET).toString();
  }

  /**
   * Returns the closest of xterm's 256 colours, of which 16 is black, 232 to 255 are greys and 231
   * is white.
   */
  private static int colour(int grey) {
    int step = Math.round(grey * 25 / 255f);
    return step == 0 ? 16 : step == 25 ? 231 : 231 + step;
  }

  /**
   * Finds the grey that separates dark from light with the most variance between the two (Otsu,
   * 1979), so that both faint digits and photographs show their shape.
   */
  static int threshold(byte[] pixels) {
    int[] histogram = new int[256];
    double total = 0;
    for (byte pixel : pixels) {
      histogram[Byte.toUnsignedInt(pixel)]++;
      total += Byte.toUnsignedInt(pixel);
    }
    int best = 127; // for a picture of one grey
    double most = 0;
    double darkSum = 0;
    int dark = 0;
    for (int grey = 0; grey < 255; grey++) {
      dark += histogram[grey];
      darkSum += (double) grey * histogram[grey];
      int light = pixels.length - dark;
      if (dark > 0 && light > 0) {
        double difference = darkSum / dark - (total - darkSum) / light;
        double between = (double) dark * light * difference * difference;
        if (between > most) {
          most = between;
          best = grey;
        }
      }
    }
    return best;
  }

  /** Removes characters that could move the cursor or break the line. */
  private static String clean(String caption) {
    StringBuilder clean = new StringBuilder();
    caption
        .codePoints()
        .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? ' ' : c)
        .forEach(clean::appendCodePoint);
    return clean.toString();
  }

  /** Counts each character as one column, which is right for European scripts. */
  private static int columns(String text) {
    return text.codePointCount(0, text.length());
  }

  private static String cut(String text, int most, Style style) {
    if (columns(text) <= most) {
      return text;
    }
    String mark = style == Style.ASCII ? "..." : "…";
    int kept = Math.max(0, most - mark.length());
    return text.substring(0, text.offsetByCodePoints(0, kept)) + mark;
  }
}
