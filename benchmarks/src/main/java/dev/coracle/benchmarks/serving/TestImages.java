// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import dev.coracle.dataset.IdxImages;
import dev.coracle.dataset.IdxReader;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/** Reads MNIST's test images from the repository; the process runs in {@code benchmarks}. */
final class TestImages {

  private static final Path FILE = Path.of("../datasets/mnist/t10k-images-idx3-ubyte.gz");

  private TestImages() {}

  /** Returns the first so many images, 784 grey values each. */
  static List<byte[]> read(int count) {
    IdxImages images = IdxReader.readImages(FILE);
    return IntStream.range(0, count).mapToObj(images::image).toList();
  }
}
