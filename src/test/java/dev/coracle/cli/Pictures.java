// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import javax.imageio.ImageIO;

/** Makes picture files of 28×28 grey images. */
final class Pictures {

  private Pictures() {}

  /** The image as it is. */
  static byte[] png(byte[] pixels) throws IOException {
    return encode(image(pixels, 1, 0, 0, false), "png");
  }

  /** Dark ink on a white page, each pixel enlarged, off the centre. */
  static byte[] page(byte[] pixels, String format) throws IOException {
    return encode(image(pixels, 9, 61, 23, true), format);
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

  private static byte[] encode(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (!ImageIO.write(image, format, bytes)) {
      throw new IOException("no writer for " + format);
    }
    return bytes.toByteArray();
  }
}
