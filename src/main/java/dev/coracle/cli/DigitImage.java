// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Reads a picture file and gives it the form of MNIST's images: light ink on a dark background.
 *
 * <p>A picture of the model's own size is taken pixel by pixel. Another one is treated as MNIST's
 * digits were: cropped to the ink, fitted into the middle 20/28 of the side with its proportions
 * kept, and shifted until its centre of mass is the centre of the image. A light background (mean
 * of the border above 127) is inverted first.
 *
 * @see <a href="https://yann.lecun.org/exdb/mnist/">The MNIST database, on how its digits were
 *     normalised</a>
 */
final class DigitImage {

  /** A larger picture could exhaust the memory: 64 million pixels take 256 MB decoded. */
  private static final long MAX_PIXELS = 64_000_000;

  /** Grey value from which a pixel counts as ink: noise of JPEG stays below. */
  private static final int INK = 48;

  private DigitImage() {}

  /** Returns (size*size) unsigned grey values, 0 = background. */
  static byte[] read(Path file, int size) {
    BufferedImage image = decode(file);
    int rows = image.getHeight();
    int columns = image.getWidth();
    int[][] grey = grey(image);
    if (borderMean(grey) > 127) {
      for (int[] row : grey) {
        for (int x = 0; x < columns; x++) {
          row[x] = 255 - row[x];
        }
      }
    }
    if (rows != size || columns != size) {
      grey = normalised(file, grey, size);
    }
    byte[] pixels = new byte[size * size];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        pixels[y * size + x] = (byte) grey[y][x];
      }
    }
    return pixels;
  }

  private static BufferedImage decode(Path file) {
    try (InputStream bytes = Files.newInputStream(file);
        ImageInputStream in = ImageIO.createImageInputStream(bytes)) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new CoracleException(
            file + " is no picture that can be read; expected PNG, JPEG, GIF, BMP or an idx file");
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
        if (pixels > MAX_PIXELS) {
          throw new CoracleException(
              "%s has %,d pixels; expected at most %,d".formatted(file, pixels, MAX_PIXELS));
        }
        return reader.read(0);
      } finally {
        reader.dispose();
      }
    } catch (IOException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new CoracleException(
          "cannot read picture %s: %s"
              .formatted(
                  file, e instanceof IOException io ? CoracleException.reason(io) : e.getMessage()),
          e);
    }
  }

  /** By the luma weights of ITU-R BT.601, over a white page where the picture is transparent. */
  private static int[][] grey(BufferedImage image) {
    int[][] grey = new int[image.getHeight()][image.getWidth()];
    for (int y = 0; y < grey.length; y++) {
      for (int x = 0; x < grey[y].length; x++) {
        int argb = image.getRGB(x, y);
        int alpha = argb >>> 24;
        int luma =
            (299 * ((argb >> 16) & 0xff) + 587 * ((argb >> 8) & 0xff) + 114 * (argb & 0xff)) / 1000;
        grey[y][x] = (luma * alpha + 255 * (255 - alpha)) / 255;
      }
    }
    return grey;
  }

  private static int borderMean(int[][] grey) {
    int rows = grey.length;
    int columns = grey[0].length;
    long sum = 0;
    for (int x = 0; x < columns; x++) {
      sum += grey[0][x] + grey[rows - 1][x];
    }
    for (int[] row : grey) {
      sum += row[0] + row[columns - 1];
    }
    return (int) (sum / (2L * (rows + columns)));
  }

  private static int[][] normalised(Path file, int[][] grey, int size) {
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
    if (bottom < 0) {
      throw new CoracleException(file + " is empty: no pixel differs from the background");
    }
    double height = bottom - top + 1.0;
    double width = right - left + 1.0;
    double step = Math.max(height, width) / (size * 20 / 28.0); // source pixels a target pixel
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
