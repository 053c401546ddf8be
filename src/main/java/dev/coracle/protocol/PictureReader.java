// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
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

/**
 * Decodes the content of a picture file, whole or not at all. The orientation that EXIF data
 * declare is not applied: a photograph has its rows as they are stored.
 */
final class PictureFile {

  /** A larger picture could exhaust the memory: 64 million pixels take 256 MB decoded. */
  private static final long MAX_PIXELS = 64_000_000;

  private PictureFile() {}

  /**
   * Returns the picture. Throws CoracleException, which names {@code file}, for content that is no
   * picture or that its reader found something wrong with.
   */
  static BufferedImage read(Path file, byte[] content) {
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
      return decode(file, in);
    } catch (CoracleException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // damage makes some readers throw the latter
      throw new CoracleException("cannot read picture " + file + ": " + reason(e), e);
    }
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
}
