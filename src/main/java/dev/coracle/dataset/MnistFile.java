// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import dev.coracle.GzipMember;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Describes one of the four files of MNIST: its name without {@code .gz}, and the dimensions, the
 * number of images or labels, the bytes and the SHA-256 (hexadecimal) of its uncompressed content.
 *
 * <p>The content is what Y. LeCun, C. Cortes and C. Burges published at <a
 * href="http://yann.lecun.com/exdb/mnist/">yann.lecun.com/exdb/mnist</a>; the sums are those of the
 * {@code .gz} files whose MD5 sums <a
 * href="https://github.com/pytorch/vision/blob/v0.22.1/torchvision/datasets/mnist.py">torchvision</a>
 * lists. Mirrors compress the same content differently, so the compressed bytes are not compared.
 */
public record MnistFile(String name, int rank, int count, long bytes, String sha256) {

  public static final MnistFile TRAIN_IMAGES =
      new MnistFile(
          "train-images-idx3-ubyte",
          3,
          60_000,
          47_040_016,
          "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db");

  public static final MnistFile TRAIN_LABELS =
      new MnistFile(
          "train-labels-idx1-ubyte",
          1,
          60_000,
          60_008,
          "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5");

  public static final MnistFile TEST_IMAGES =
      new MnistFile(
          "t10k-images-idx3-ubyte",
          3,
          10_000,
          7_840_016,
          "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7");

  public static final MnistFile TEST_LABELS =
      new MnistFile(
          "t10k-labels-idx1-ubyte",
          1,
          10_000,
          10_008,
          "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2");

  /** All four, images before their labels, training before test. */
  public static final List<MnistFile> ALL =
      List.of(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS);

  /** The digits 0 to 9. */
  public static final int CLASSES = 10;

  /** Returns the name under which the sources keep the file. */
  public String gzName() {
    return name + ".gz";
  }

  /**
   * Compares the content of a stream, plain or gzip, with this file, and returns a description of
   * the difference, or null when it is the same. Reads no more than one byte past {@link #bytes};
   * throws EOFException or ZipException where gzip data is incomplete or damaged.
   */
  @Nullable String difference(InputStream raw) throws IOException {
    MessageDigest digest = Sha256.start();
    byte[] buffer = new byte[1 << 16];
    long length = 0;
    try (InputStream content = GzipMember.unwrap(raw)) {
      while (length <= bytes) {
        int wanted = (int) Math.min(buffer.length, bytes + 1 - length);
        int count = content.read(buffer, 0, wanted);
        if (count < 0) {
          break;
        }
        digest.update(buffer, 0, count);
        length += count;
      }
    }
    if (length != bytes) {
      return "it holds "
          + (length > bytes ? "more than " + bytes : length + " rather than " + bytes)
          + " bytes";
    }
    String actual = Sha256.hex(digest);
    return actual.equals(sha256) ? null : "its SHA-256 is " + actual + " rather than " + sha256;
  }
}
