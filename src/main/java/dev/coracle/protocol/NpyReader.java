// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.ByteBuffer;
import java.util.function.IntConsumer;

/** Reads the elements of an npy array, row-major, whatever its order in the file. */
final class NpyReader {

  private final byte[] file;
  private final NpyHeader header;
  private final int count;

  private NpyReader(byte[] file, NpyHeader header, int count) {
    this.file = file;
    this.header = header;
    this.count = count;
  }

  /**
   * Reads the header of a file and checks that exactly as many elements follow as it says.
   *
   * @param maxImages how many images the array may have
   * @throws RequestException 400 or 413
   */
  static NpyReader open(byte[] file, ImageShape shape, int maxImages) {
    NpyHeader header = NpyHeader.read(file);
    long images = shape.count(header.shape());
    RequestReader.checkCount(images, maxImages);
    long count = images * shape.pixels();
    long bytes = count * header.type().bytes();
    if (file.length - header.data() != bytes) {
      throw RequestException.badRequest(
          "expected %d bytes after the npy header, for %s of %d bytes each, got %d; send the file whole"
              .formatted(
                  bytes,
                  ImageShape.text(header.shape()),
                  header.type().bytes(),
                  file.length - header.data()));
    }
    return new NpyReader(file, header, (int) count);
  }

  boolean isBytes() {
    return header.type() == NpyType.U1;
  }

  /** Returns the elements of an array of dtype u1. */
  byte[] bytes() {
    byte[] values = new byte[count];
    ByteBuffer target = ByteBuffer.wrap(values);
    forEach(at -> target.put(file[at]));
    return values;
  }

  /** Adds the elements to {@code images}. */
  void numbers(NumberImages images) {
    ByteBuffer data = ByteBuffer.wrap(file).order(header.order());
    forEach(
        at -> {
          float value = header.type().get(data, at);
          if (!Float.isFinite(value)) {
            throw RequestException.badRequest(
                "expected npy elements that a float32 can hold, got one that it cannot at offset "
                    + at);
          }
          images.add(value);
        });
  }

  /** Calls back with the offset of each element, row-major. */
  private void forEach(IntConsumer element) {
    int rank = header.shape().length;
    int bytes = header.type().bytes();
    int[] steps = new int[rank]; // bytes from an element to the next along an axis
    int step = bytes;
    for (int i = 0; i < rank; i++) {
      int axis = header.fortran() ? i : rank - 1 - i;
      steps[axis] = step;
      step *= (int) header.shape()[axis];
    }
    int[] index = new int[rank];
    int at = header.data();
    for (int n = 0; n < count; n++) {
      element.accept(at);
      for (int axis = rank - 1; axis >= 0; axis--) { // like an odometer
        at += steps[axis];
        index[axis]++;
        if (index[axis] < header.shape()[axis]) {
          break;
        }
        at -= index[axis] * steps[axis];
        index[axis] = 0;
      }
    }
  }
}
