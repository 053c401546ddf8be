// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.CoracleException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Reads idx files, the format of MNIST and Fashion-MNIST, plain or gzip; the first bytes tell
 * which, not the name. A file is read completely or refused with a CoracleException that names it,
 * the offset, what was expected and what was found: magic number, element type, dimensions, exact
 * length, gzip checksum and every label are checked, and a header is not trusted before the file is
 * known to be long enough for it.
 */
public final class IdxReader {

  private static final int IMAGES_RANK = 3; // (N,rows,columns)
  private static final int LABELS_RANK = 1; // (N)

  private IdxReader() {}

  /**
   * Reads images, magic number 0x00000803, and as many labels, magic number 0x00000801, each below
   * {@code classes} (1 to 256).
   */
  public static ImageSet read(Path images, Path labels, int classes) {
    IdxFile pixels = IdxFile.read(images, IMAGES_RANK);
    byte[] classOf = IdxFile.read(labels, LABELS_RANK).data();
    checkLabels(labels, classOf, classes);
    checkCounts(images, pixels.dimension(0), labels, classOf.length);
    return ImageSet.owning(pixels.dimension(1), pixels.dimension(2), pixels.data(), classOf);
  }

  /** Reads images that have no labels, magic number 0x00000803. */
  public static IdxImages readImages(Path file) {
    return images(IdxFile.read(file, IMAGES_RANK));
  }

  /**
   * Reads the same from the content of a file, plain or gzip, for one that can be read only once,
   * such as a pipe; {@code file} is for messages.
   */
  public static IdxImages readImages(Path file, byte[] content) {
    return images(IdxFile.read(file, content, IMAGES_RANK));
  }

  private static IdxImages images(IdxFile idx) {
    return new IdxImages(
        idx.dimension(0), idx.dimension(1), idx.dimension(2), ByteBuffer.wrap(idx.data()));
  }

  /** Throws CoracleException when there is not one label for each image. */
  static void checkCounts(Path images, int imageCount, Path labels, int labelCount) {
    if (imageCount != labelCount) {
      throw new CoracleException(
          (images + " has " + imageCount + " images and ")
              + (labels + " has " + labelCount + " labels (offset 4 of each)")
              + "; expected one label an image, so take both from the same set");
    }
  }

  /** Throws CoracleException for the first label that is not below {@code classes}. */
  static void checkLabels(Path file, byte[] labels, int classes) {
    if (classes < 1 || classes > 256) {
      throw new IllegalArgumentException("classes (" + classes + ") must be 1 to 256");
    }
    for (int i = 0; i < labels.length; i++) {
      int label = Byte.toUnsignedInt(labels[i]);
      if (label >= classes) {
        throw new CoracleException(
            (file + " has the label " + label + " at index " + i)
                + (" (uncompressed offset " + (8L + i) + ")")
                + ("; expected 0 to " + (classes - 1) + ", so check where the file comes from"));
      }
    }
  }
}
