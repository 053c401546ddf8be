// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Converts a picture to the form of MNIST's images: light ink on a dark background.
 *
 * <p>The background is the median of the border. A picture of the model's own size is taken pixel
 * by pixel, and inverted if the background is above 127. A picture of another size is treated as
 * MNIST's digits were, if the model's images are square: the ink is what differs from the
 * background, in the direction (darker or lighter) of the most distant value, and is stretched
 * until that value is 255; then the picture is cropped to the ink, fitted into the middle 20/28 of
 * the side with its proportions kept, and shifted until its centre of mass is the centre of the
 * image.
 *
 * @see <a href="https://yann.lecun.org/exdb/mnist/">The MNIST database, on how its digits were
 *     normalised</a>
 */
final class DigitImage {

  /** Least difference of ink and background: that of an empty page, by noise and JPEG, is less. */
  private static final int MIN_CONTRAST = 32;

  /** Value after stretching from which a pixel counts as ink: a page's noise stays below it. */
  private static final int INK = 64;

  private DigitImage() {}

  /**
   * Returns (rows*columns) unsigned grey values, 0 = background.
   *
   * @throws InvalidInputException if the picture is empty, or of another size where the model's
   *     images are not square
   */
  static byte[] pixels(BufferedImage picture, int rows, int columns) {
    boolean fits = picture.getHeight() == rows && picture.getWidth() == columns;
    if (!fits && rows != columns) {
      throw new InvalidInputException(
          "expected a picture of %d×%d pixels (rows × columns), since only square images can be made of other sizes, got %d×%d"
              .formatted(rows, columns, picture.getHeight(), picture.getWidth()));
    }
    int[][] grey = GreyValues.of(picture);
    int background = borderMedian(grey);
    int[][] image = grey;
    if (!fits) {
      stretch(grey, background);
      image = normalised(grey, rows);
    } else if (background > 127) {
      replace(grey, value -> 255 - value);
    }
    byte[] pixels = new byte[rows * columns];
    for (int y = 0; y < rows; y++) {
      for (int x = 0; x < columns; x++) {
        pixels[y * columns + x] = (byte) image[y][x];
      }
    }
    return pixels;
  }

  private static void replace(int[][] grey, IntUnaryOperator value) {
    for (int[] row : grey) {
      Arrays.setAll(row, x -> value.applyAsInt(row[x]));
    }
  }

  /** Returns the border's median, not its mean, which a digit touching the border would shift. */
  private static int borderMedian(int[][] grey) {
    IntStream edges =
        Arrays.stream(grey).flatMapToInt(row -> IntStream.of(row[0], row[row.length - 1]));
    IntStream ends = IntStream.concat(Arrays.stream(grey[0]), Arrays.stream(grey[grey.length - 1]));
    int[] border = IntStream.concat(edges, ends).sorted().toArray();
    return border[border.length / 2];
  }

  /** Makes the background 0 and the ink farthest from it 255. */
  private static void stretch(int[][] grey, int background) {
    int darkest = 255;
    int lightest = 0;
    for (int[] row : grey) {
      for (int value : row) {
        darkest = Math.min(darkest, value);
        lightest = Math.max(lightest, value);
      }
    }
    int sign = background - darkest > lightest - background ? -1 : 1;
    int contrast = Math.max(background - darkest, lightest - background);
    if (contrast < MIN_CONTRAST) {
      throw new InvalidInputException(
          "the picture is empty: no pixel differs from the background (%d of 255) by %d or more"
              .formatted(background, MIN_CONTRAST));
    }
    replace(grey, value -> Math.max(0, sign * (value - background)) * 255 / contrast);
  }

  private static int[][] normalised(int[][] grey, int size) {
    int top = grey.length;
    int left = grey[0].length;
    int bottom = -1;
    int right = -1;
    for (int y = 0; y < grey.length; y++) {
      for (int x = 0; x < grey[y].length; x++) {
        if (grey[y][x] >= INK) {
          top = Math.min(top, y);
          bottom = Math.max(bottom, y);
          left = Math.min(left, x);
          right = Math.max(right, x);
        }
      }
    }
    double height = bottom - top + 1.0;
    double width = right - left + 1.0;
    double step = Math.max(height, width) / (size * 20 / 28.0); // source pixels per target pixel
    int[][] fitted = new int[size][size];
    // First around the middle, then shifted by whole pixels to the centre of mass.
    double y0 = top + height / 2 - step * size / 2;
    double x0 = left + width / 2 - step * size / 2;
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        fitted[y][x] = mean(grey, y0 + y * step, x0 + x * step, step);
      }
    }
    return centred(fitted);
  }

  /** Returns the mean over a square of source pixels, background beyond the edges. */
  private static int mean(int[][] grey, double top, double left, double side) {
    double sum = 0;
    int lastY = (int) Math.ceil(top + side);
    int lastX = (int) Math.ceil(left + side);
    for (int y = Math.max(0, (int) Math.floor(top)); y < Math.min(lastY, grey.length); y++) {
      double h = Math.min(y + 1.0, top + side) - Math.max(y, top);
      for (int x = Math.max(0, (int) Math.floor(left)); x < Math.min(lastX, grey[0].length); x++) {
        sum += grey[y][x] * h * (Math.min(x + 1.0, left + side) - Math.max(x, left));
      }
    }
    return (int) Math.round(Math.min(255, sum / (side * side)));
  }

  private static int[][] centred(int[][] image) {
    int size = image.length;
    double mass = 0;
    double sumY = 0;
    double sumX = 0;
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        mass += image[y][x];
        sumY += (double) y * image[y][x];
        sumX += (double) x * image[y][x];
      }
    }
    int dy = mass == 0 ? 0 : (int) Math.round((size - 1) / 2.0 - sumY / mass);
    int dx = mass == 0 ? 0 : (int) Math.round((size - 1) / 2.0 - sumX / mass);
    int[][] shifted = new int[size][size];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        int fromY = y - dy;
        int fromX = x - dx;
        if (fromY >= 0 && fromY < size && fromX >= 0 && fromX < size) {
          shifted[y][x] = image[fromY][fromX];
        }
      }
    }
    return shifted;
  }
}
