// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes the content of a picture file, completely or not at all. The orientation in EXIF data is
 * not applied: a photograph keeps its rows as stored. Nor are colour profiles.
 */
public final class PictureReader {

  /**
   * Most scans of a JPEG: programs write up to a dozen, and each may cost a pass over all pixels
   * for ten bytes of the file.
   */
  private static final int MAX_SCANS = 100;

  /** Pixels above which decoding takes some ten MB and tens of ms. */
  private static final long LARGE_PIXELS = 1_000_000;

  private PictureReader() {}

  /**
   * Returns the picture. Thread-safe.
   *
   * @param source names the content in messages
   * @param formats accepted formats, by the names of the JDK's readers in lower case: png, jpeg,
   *     gif, bmp
   * @throws RequestException 415 for content of no such format, 413 for more than {@code maxPixels}
   *     pixels, 400 for content in which the format's reader finds an error, and for a JPEG of more
   *     than 100 scans
   */
  public static BufferedImage read(
      String source, byte[] content, Set<String> formats, long maxPixels) {
    checkScans(source, content);
    try (ImageInputStream in = open(content)) {
      return decode(source, in, formats, maxPixels);
    } catch (RequestException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // some readers throw the latter on damaged content
      throw new RequestException(400, "cannot read " + source + ": " + reason(e), e);
    }
  }

  /** Opens a picture without its colour profile: one that is damaged would spoil the pixels. */
  private static ImageInputStream open(byte[] content) {
    byte[] plain = JpegSegments.withoutProfiles(content);
    return new MemoryCacheImageInputStream(new ByteArrayInputStream(plain));
  }

  private static void checkScans(String source, byte[] content) {
    int scans = JpegSegments.scans(content);
    if (scans > MAX_SCANS) {
      throw RequestException.badRequest(
          "%s has %d scans; expected at most %d; save it as a baseline JPEG"
              .formatted(source, scans, MAX_SCANS));
    }
  }

  /** Tells from its header whether a picture has more than a million pixels. */
  public static boolean isLarge(byte[] content) {
    try (ImageInputStream in = open(content)) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        return false;
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        return (long) reader.getWidth(0) * reader.getHeight(0) > LARGE_PIXELS;
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      return false; // read() reports what is wrong
    }
  }

  private static BufferedImage decode(
      String source, ImageInputStream in, Set<String> formats, long maxPixels) throws IOException {
    ImageReader reader = reader(source, in, formats);
    try {
      // The JPEG reader fills missing parts with grey and only warns.
      List<String> warnings = new ArrayList<>();
      reader.addIIOReadWarningListener((origin, warning) -> warnings.add(warning));
      reader.setInput(in, true, true);
      long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
      if (pixels > maxPixels) {
        throw new RequestException(
            413,
            String.format(
                Locale.ROOT, "%s has %,d pixels; expected at most %,d", source, pixels, maxPixels));
      }
      BufferedImage image = reader.read(0);
      if (!warnings.isEmpty()) {
        throw RequestException.badRequest(
            source + " is damaged: " + warnings.get(0) + "; fetch or copy it again");
      }
      return image;
    } finally {
      reader.dispose();
    }
  }

  private static ImageReader reader(String source, ImageInputStream in, Set<String> formats)
      throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (formats.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
        return reader;
      }
      reader.dispose();
    }
    throw new RequestException(
        415,
        "%s is not a readable picture; expected one of %s"
            .formatted(source, String.join(", ", new TreeSet<>(formats))));
  }

  private static String reason(Exception e) {
    if (e.getMessage() == null) {
      return "it is damaged (" + e.getClass().getSimpleName() + ")";
    }
    return e instanceof IOException io ? CoracleException.reason(io) : e.getMessage();
  }
}
