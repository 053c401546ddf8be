// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Decodes the content of a picture file to grey values, whole or not at all. */
final class PictureFile {

  /** A larger picture could exhaust the memory: 64 million pixels take 256 MB decoded. */
  private static final long MAX_PIXELS = 64_000_000;

  private PictureFile() {}

  /**
   * Returns rows of grey values, 0 (black) to 255 (white), over a white page where the picture is
   * transparent. Throws CoracleException, which names {@code file}, for content that is no picture
   * or that its reader found something wrong with.
   */
  static int[][] grey(Path file, byte[] content) {
    BufferedImage image;
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
      image = decode(file, in);
    } catch (CoracleException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // damage makes some readers throw the latter
      throw new CoracleException("cannot read picture " + file + ": " + reason(e), e);
    }
    return isGrey(image) ? samples(image.getRaster()) : luma(image);
  }

  private static BufferedImage decode(Path file, ImageInputStream in) throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
    if (!readers.hasNext()) {
      throw new CoracleException(
          file + " is no picture that can be read; expected PNG, JPEG, GIF, BMP or an idx file");
    }
    ImageReader reader = readers.next();
    try {
      // The JPEG reader fills what is missing with grey and only warns.
      List<String> warnings = new ArrayList<>();
      reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
      reader.setInput(in, true, true);
      long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
      if (pixels > MAX_PIXELS) {
        throw new CoracleException(
            String.format(
                Locale.ROOT, "%s has %,d pixels; expected at most %,d", file, pixels, MAX_PIXELS));
      }
      BufferedImage image = reader.read(0);
      if (!warnings.isEmpty()) {
        throw new CoracleException(
            file + " is damaged: " + warnings.get(0) + "; fetch or copy it again");
      }
      return image;
    } finally {
      reader.dispose();
    }
  }

  private static String reason(Exception e) {
    if (e.getMessage() == null) {
      return "it is damaged (" + e.getClass().getSimpleName() + ")";
    }
    return e instanceof IOException io ? CoracleException.reason(io) : e.getMessage();
  }

  /** Tells grey, with or without alpha, from colours and from palettes. */
  private static boolean isGrey(BufferedImage image) {
    int type = image.getRaster().getTransferType();
    return image.getRaster().getNumBands() <= 2
        && !(image.getColorModel() instanceof IndexColorModel)
        && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT);
  }

  /** As they are in the file: getRGB would take them for linear light and make them brighter. */
  private static int[][] samples(Raster raster) {
    int[][] grey = new int[raster.getHeight()][raster.getWidth()];
    boolean alpha = raster.getNumBands() == 2;
    int greyMax = (1 << raster.getSampleModel().getSampleSize(0)) - 1;
    int alphaMax = alpha ? (1 << raster.getSampleModel().getSampleSize(1)) - 1 : 1;
    for (int y = 0; y < grey.length; y++) {
      for (int x = 0; x < grey[y].length; x++) {
        int value = to8Bits(raster.getSample(x, y, 0), greyMax);
        grey[y][x] = alpha ? over(value, to8Bits(raster.getSample(x, y, 1), alphaMax)) : value;
      }
    }
    return grey;
  }

  private static int to8Bits(int sample, int max) {
    return (sample * 255 + max / 2) / max;
  }

  /** By the luma weights of ITU-R BT.601. */
  private static int[][] luma(BufferedImage image) {
    int[][] grey = new int[image.getHeight()][image.getWidth()];
    for (int y = 0; y < grey.length; y++) {
      for (int x = 0; x < grey[y].length; x++) {
        int argb = image.getRGB(x, y);
        int luma =
            (299 * ((argb >> 16) & 0xff) + 587 * ((argb >> 8) & 0xff) + 114 * (argb & 0xff)) / 1000;
        grey[y][x] = over(luma, argb >>> 24);
      }
    }
    return grey;
  }

  /** Returns what is seen on a white page. */
  private static int over(int value, int alpha) {
    return (value * alpha + 255 * (255 - alpha)) / 255;
  }
}
