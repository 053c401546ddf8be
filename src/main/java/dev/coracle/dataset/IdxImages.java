// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Holds the images of one idx file, without labels: {@code pixels} is read-only, row-major
 * (count,rows,columns), one unsigned byte per pixel.
 */
public record IdxImages(int count, int rows, int columns, ByteBuffer pixels) {

  /** Throws IllegalArgumentException when {@code pixels} does not have count*rows*columns bytes. */
  public IdxImages {
    if (count < 0 || rows < 1 || columns < 1 || rows > Integer.MAX_VALUE / columns) {
      throw new IllegalArgumentException(
          "no images can have the shape (" + count + "," + rows + "," + columns + ")");
    }
    int area = rows * columns;
    long expected = (long) count * area;
    if (pixels.remaining() != expected) {
      throw new IllegalArgumentException(
          (count + " images of " + rows + "x" + columns)
              + (" take " + expected + " pixels, not " + pixels.remaining()));
    }
    pixels = pixels.slice().asReadOnlyBuffer();
  }

  /** Returns a new read-only view of all pixels, with a position of its own. */
  @Override
  public ByteBuffer pixels() {
    return pixels.duplicate();
  }

  /** Returns a copy of one image: {@code rows * columns} unsigned bytes, row by row. */
  public byte[] image(int index) {
    Objects.checkIndex(index, count);
    byte[] image = new byte[rows * columns];
    pixels.get(index * image.length, image);
    return image;
  }
}
