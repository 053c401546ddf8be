// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.dataset.ImageSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Writes folders of idx files for tests. */
final class SmallMnist {

  private SmallMnist() {}

  /** Writes a set of the four files, plain. */
  static Path write(Path folder, ImageSet train, ImageSet test) {
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve("train-images-idx3-ubyte"), images(train));
      Files.write(folder.resolve("train-labels-idx1-ubyte"), labels(train));
      Files.write(folder.resolve("t10k-images-idx3-ubyte"), images(test));
      Files.write(folder.resolve("t10k-labels-idx1-ubyte"), labels(test));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return folder;
  }

  /**
   * Makes a set that is no digits but learnt at once: class k is a bright bar at the height 2k, on
   * noise.
   */
  static ImageSet bars(int count, long seed) {
    Random random = new Random(seed);
    byte[] pixels = new byte[count * 784];
    byte[] labels = new byte[count];
    for (int i = 0; i < count; i++) {
      int label = random.nextInt(10);
      labels[i] = (byte) label;
      for (int p = 0; p < 784; p++) {
        int row = p / 28;
        boolean bar = row >= 2 * label + 2 && row < 2 * label + 5;
        pixels[i * 784 + p] = (byte) (bar ? 200 + random.nextInt(56) : random.nextInt(60));
      }
    }
    return ImageSet.of(28, 28, pixels, labels);
  }

  static byte[] images(ImageSet set) {
    ByteBuffer bytes = ByteBuffer.allocate(16 + set.pixels().remaining());
    bytes.putInt(0x803).putInt(set.size()).putInt(set.rows()).putInt(set.columns());
    return bytes.put(set.pixels()).array();
  }

  static byte[] labels(ImageSet set) {
    ByteBuffer bytes = ByteBuffer.allocate(8 + set.size());
    return bytes.putInt(0x801).putInt(set.size()).put(set.labels()).array();
  }
}
