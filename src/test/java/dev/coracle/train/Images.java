// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.nn.Block;
import dev.coracle.dataset.IdxReader;
import dev.coracle.dataset.ImageSet;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Gives the tests of this package small sets of real digits, and options to train on them. */
final class Images {

  private static final Path MNIST = Path.of("datasets/mnist");

  static final ImageSet ALL =
      IdxReader.read(
          MNIST.resolve("t10k-images-idx3-ubyte.gz"),
          MNIST.resolve("t10k-labels-idx1-ubyte.gz"),
          10);

  /** 40 images: three steps of 16, the last with 8. */
  static final ImageSet TRAIN = ALL.first(40);

  static final ImageSet TEST = slice(40, 20);

  private Images() {}

  static ImageSet slice(int from, int count) {
    byte[] pixels = new byte[count * 784];
    byte[] labels = new byte[count];
    ALL.pixels().get(from * 784, pixels);
    ALL.labels().get(from, labels);
    return ImageSet.of(28, 28, pixels, labels);
  }

  /** Returns options on the CPU: batches of 16, a learning rate that suits the optimizer. */
  static TrainingOptions.Builder options(OptimizerKind kind) {
    float rate =
        switch (kind) {
          case ADADELTA -> 1;
          case ADAM, ADAMW -> 0.001f;
          case SGD -> 0.1f;
        };
    return TrainingOptions.builder()
        .optimizer(kind)
        .learningRate(rate)
        .batchSize(16)
        .testBatchSize(16)
        .device("cpu");
  }

  static TrainingOptions.Builder options() {
    return options(OptimizerKind.ADADELTA);
  }

  /** Returns copies of all parameters, which are equal when all their bits are. */
  static Map<String, ByteBuffer> parameters(Block block) {
    Map<String, ByteBuffer> copies = new TreeMap<>();
    block
        .getParameters()
        .forEach(
            p -> copies.put(p.getKey(), ByteBuffer.wrap(p.getValue().getArray().toByteArray())));
    return copies;
  }
}
