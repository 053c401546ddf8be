// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Holds grey images of one size and a label for each, in memory. A pixel is an unsigned byte, 0
 * (background) to 255 (ink); a label is an unsigned byte. Immutable and thread-safe.
 */
public final class ImageSet {

  private final int rows;
  private final int columns;
  private final byte[] pixels; // (N,rows,columns), row-major
  private final byte[] labels; // (N)
  private volatile @Nullable String sha256;

  private ImageSet(int rows, int columns, byte[] pixels, byte[] labels) {
    if (rows < 1 || columns < 1 || rows > Integer.MAX_VALUE / columns) {
      throw new IllegalArgumentException(
          "rows (" + rows + ") times columns (" + columns + ") must be 1 to 2^31-1");
    }
    int area = rows * columns;
    long expected = (long) labels.length * area;
    if (pixels.length != expected) {
      throw new IllegalArgumentException(
          (labels.length + " images of " + rows + "x" + columns)
              + (" take " + expected + " pixels, not " + pixels.length));
    }
    this.rows = rows;
    this.columns = columns;
    this.pixels = pixels;
    this.labels = labels;
  }

  /**
   * Copies {@code pixels}, row-major (N,rows,columns), and {@code labels}, (N), into a new set.
   * Throws IllegalArgumentException when the lengths do not agree; N may be 0.
   */
  public static ImageSet of(int rows, int columns, byte[] pixels, byte[] labels) {
    return new ImageSet(rows, columns, pixels.clone(), labels.clone());
  }

  /** Takes over the arrays without a copy; the caller must not keep them. */
  static ImageSet owning(int rows, int columns, byte[] pixels, byte[] labels) {
    return new ImageSet(rows, columns, pixels, labels);
  }

  /** Returns the number of images, N. */
  public int size() {
    return labels.length;
  }

  /** Returns the height of every image in pixels. */
  public int rows() {
    return rows;
  }

  /** Returns the width of every image in pixels. */
  public int columns() {
    return columns;
  }

  /** Returns a copy of one image: {@code rows * columns} unsigned bytes, row by row. */
  public byte[] image(int index) {
    Objects.checkIndex(index, size());
    int area = rows * columns;
    return Arrays.copyOfRange(pixels, index * area, (index + 1) * area);
  }

  /** Returns the label of one image, 0 to 255. */
  public int label(int index) {
    Objects.checkIndex(index, size());
    return Byte.toUnsignedInt(labels[index]);
  }

  /**
   * Returns a new read-only view of all pixels, row-major (N,rows,columns), without a copy. Its
   * absolute bulk {@code get} copies any range into a batch.
   */
  public ByteBuffer pixels() {
    return ByteBuffer.wrap(pixels).asReadOnlyBuffer();
  }

  /** Returns a new read-only view of all labels, (N), without a copy. */
  public ByteBuffer labels() {
    return ByteBuffer.wrap(labels).asReadOnlyBuffer();
  }

  /**
   * Returns a set of the first {@code n} images, in the same order; this set itself when {@code n}
   * is its size. Throws IllegalArgumentException when {@code n} is negative or more than the size.
   */
  public ImageSet first(int n) {
    if (n < 0 || n > size()) {
      throw new IllegalArgumentException("n (" + n + ") must be 0 to " + size());
    }
    return n == size()
        ? this
        : new ImageSet(
            rows, columns, Arrays.copyOf(pixels, n * rows * columns), Arrays.copyOf(labels, n));
  }

  /**
   * Returns the identity of the content: the SHA-256, in hexadecimal, of N, rows and columns as
   * big-endian 32-bit integers, then all pixels, then all labels. Computed on the first call.
   */
  public String sha256() {
    String known = sha256;
    if (known == null) {
      MessageDigest digest = Sha256.start();
      digest.update(
          ByteBuffer.allocate(3 * Integer.BYTES)
              .putInt(size())
              .putInt(rows)
              .putInt(columns)
              .flip());
      digest.update(pixels);
      digest.update(labels);
      known = Sha256.hex(digest);
      sha256 = known; // two threads may both compute it, to the same value
    }
    return known;
  }

  @Override
  public String toString() {
    return size() + " images of " + rows + "x" + columns;
  }
}
