// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coracle.dataset.ImageSet;
import java.nio.ByteBuffer;
import java.util.Random;

/**
 * Holds a whole set on the device, with pixels as raw uint8: bytes take a quarter of the memory of
 * floats, and normalising a batch takes less time than training on it. Owned by the manager it was
 * made with.
 */
final class DeviceImages {

  private final NDArray pixels; // (N,1,rows,columns) uint8
  private final NDArray labels; // (N) int64
  private final int size;
  private final float mean;
  private final float std;

  DeviceImages(NDManager manager, ImageSet set, float mean, float std) {
    size = set.size();
    this.mean = mean;
    this.std = std;
    pixels =
        manager.create(
            direct(set.pixels()), new Shape(size, 1, set.rows(), set.columns()), DataType.UINT8);
    long[] values = new long[size];
    for (int i = 0; i < size; i++) {
      values[i] = set.label(i);
    }
    labels = manager.create(values);
  }

  /**
   * Returns a permutation of the set as an int64 array on the device. Uses Java's generator, so
   * that CPU and GPU see the same order.
   */
  NDArray shuffled(NDManager manager, long seed) {
    long[] order = new long[size];
    Random random = new Random(seed);
    for (int i = 0; i < size; i++) { // the inside-out Fisher-Yates shuffle
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return manager.create(order);
  }

  /** Returns images of a slice of {@code order}, normalised: float32 (to-from,1,rows,columns). */
  NDArray images(NDManager manager, NDArray order, int from, int to) {
    try (NDArray slice = order.get(new NDIndex().addSliceDim(from, to));
        NDArray bytes = pixels.get(manager, new NDIndex("{}", slice))) {
      return normalise(bytes);
    }
  }

  /** Returns labels of a slice of {@code order}: int64 (to-from). */
  NDArray labels(NDManager manager, NDArray order, int from, int to) {
    try (NDArray slice = order.get(new NDIndex().addSliceDim(from, to))) {
      return labels.get(manager, new NDIndex("{}", slice));
    }
  }

  /** Returns all labels: int64 (N). */
  NDArray labels() {
    return labels;
  }

  /** Returns images {@code from} to {@code to} in the set's order, normalised. */
  NDArray images(NDManager manager, int from, int to) {
    try (NDArray bytes = pixels.get(manager, new NDIndex().addSliceDim(from, to))) {
      return normalise(bytes);
    }
  }

  /**
   * Normalises in ToTensor's and Normalize's order of operations, so that the floats equal
   * PyTorch's bit for bit.
   */
  private NDArray normalise(NDArray bytes) {
    return bytes.toType(DataType.FLOAT32, true).divi(255f).subi(mean).divi(std);
  }

  private static ByteBuffer direct(ByteBuffer source) {
    return ByteBuffer.allocateDirect(source.remaining()).put(source.duplicate()).rewind();
  }
}
