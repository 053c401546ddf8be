// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/** Turns a picture of any kind into grey values, over a white page where it is transparent. */
final class GreyValues {

  private GreyValues() {}

  /** Returns rows of grey values, 0 (black) to 255 (white). */
  static int[][] of(BufferedImage picture) {
    return isGrey(picture) ? samples(picture) : luma(picture);
  }

  /** Tells whether a picture is grey, with or without alpha, not coloured or with a palette. */
  private static boolean isGrey(BufferedImage image) {
    int type = image.getRaster().getTransferType();
    int bands = image.getRaster().getNumBands();
    return (bands == 1 || (bands == 2 && image.getColorModel().hasAlpha()))
        && !image.isAlphaPremultiplied()
        && !(image.getColorModel() instanceof IndexColorModel)
        && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT);
  }

  /** Returns the samples as stored: getRGB would take them for linear light and brighten them. */
  private static int[][] samples(BufferedImage picture) {
    Raster raster = picture.getRaster();
    ColorModel bits = picture.getColorModel(); // a sample may be stored in more bits
    int[][] grey = new int[raster.getHeight()][raster.getWidth()];
    boolean alpha = raster.getNumBands() == 2;
    int greyMax = (1 << bits.getComponentSize(0)) - 1;
    int alphaMax = alpha ? (1 << bits.getComponentSize(1)) - 1 : 1;
    for (int y = 0; y < grey.length; y++) {
      for (int x = 0; x < grey[y].length; x++) {
        int value = to8Bits(raster.getSample(x, y, 0), greyMax);
        grey[y][x] = alpha ? over(value, to8Bits(raster.getSample(x, y, 1), alphaMax)) : value;
      }
    }
    return grey;
  }

  private static int to8Bits(int sample, int max) {
    return (Math.min(sample, max) * 255 + max / 2) / max;
  }

  /** Converts colours by the luma weights of ITU-R BT.601. */
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
