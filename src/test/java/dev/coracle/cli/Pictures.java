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
    return encode(dev.coracle.inference.Pictures.same(pixels), "png");
  }

  /** Dark ink on a white page, each pixel enlarged, off the centre. */
  static byte[] page(byte[] pixels, String format) throws IOException {
    return encode(dev.coracle.inference.Pictures.page(pixels), format);
  }

  static byte[] encode(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (!ImageIO.write(image, format, bytes)) {
      throw new IOException("no writer for " + format);
    }
    return bytes.toByteArray();
  }
}
