// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.util.Random;
import javax.imageio.ImageTypeSpecifier;

/** Makes pictures of 28×28 grey images. */
public final class Pictures {

  private Pictures() {}

  /** The image as it is. */
  public static BufferedImage same(byte[] pixels) {
    return image(pixels, 1, 0, 0, false);
  }

  /** Dark ink on a white page, each pixel enlarged, off the centre. */
  public static BufferedImage page(byte[] pixels) {
    return image(pixels, 9, 61, 23, true);
  }

  /** One with a grey channel of 8 bits, or of 16 for TYPE_USHORT_GRAY, and no other. */
  public static BufferedImage grey(byte[] pixels, int type) {
    BufferedImage image = new BufferedImage(28, 28, type);
    int factor = type == BufferedImage.TYPE_USHORT_GRAY ? 0x101 : 1;
    for (int i = 0; i < 784; i++) {
      image.getRaster().setSample(i % 28, i / 28, 0, (pixels[i] & 0xff) * factor);
    }
    return image;
  }

  /** The image as it is, opaque; or black ink, as opaque as the image is light, on nothing. */
  public static BufferedImage greyAlpha(byte[] pixels, boolean opaque) {
    BufferedImage image =
        ImageTypeSpecifier.createGrayscale(8, DataBuffer.TYPE_BYTE, false, false)
            .createBufferedImage(28, 28);
    for (int i = 0; i < 784; i++) {
      int value = pixels[i] & 0xff;
      image.getRaster().setSample(i % 28, i / 28, 0, opaque ? value : 0);
      image.getRaster().setSample(i % 28, i / 28, 1, opaque ? 255 : value);
    }
    return image;
  }

  /** Ink and paper of these values with noise of at most {@code noise}, as {@link #page}. */
  static BufferedImage page(byte[] pixels, int ink, int paper, int noise) {
    BufferedImage image = image(pixels, 9, 61, 23, false);
    Random random = new Random(1);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int value = paper + (ink - paper) * (image.getRGB(x, y) & 0xff) / 255;
        value += random.nextInt(2 * noise + 1) - noise;
        image.setRGB(x, y, Math.max(0, Math.min(255, value)) * 0x010101);
      }
    }
    return image;
  }

  private static BufferedImage image(
      byte[] pixels, int scale, int left, int top, boolean inverted) {
    int side = 28 * scale + left + top;
    BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int row = Math.floorDiv(y - top, scale);
        int column = Math.floorDiv(x - left, scale);
        boolean inside = row >= 0 && row < 28 && column >= 0 && column < 28;
        int grey = inside ? pixels[row * 28 + column] & 0xff : 0;
        image.setRGB(x, y, (inverted ? 255 - grey : grey) * 0x010101);
      }
    }
    return image;
  }
}
