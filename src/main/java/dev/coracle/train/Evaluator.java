// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Net;

/** Evaluates a network without dropout and without recording gradients. */
public final class Evaluator {

  /** How far a row's probabilities may be from a sum of 1: a float32 softmax is off by less. */
  private static final double ROUNDING = 1e-3;

  private Evaluator() {}

  /**
   * Evaluates {@code block} on a set.
   *
   * @param block gives float32 log-probabilities (N,10), as {@link Net} does; one made for DJL's
   *     standard {@code softmaxCrossEntropyLoss} gives logits and wants {@code logSoftmax(1)} after
   *     it
   * @param manager of the device to run on, which must be the block's; it owns nothing afterwards
   * @param batchSize images at once, at least 1; changes memory and speed, not results
   * @throws CoracleException when the set's images or labels are not what {@link Net} takes, or the
   *     block gives something else than log-probabilities
   */
  public static Evaluation evaluate(Block block, NDManager manager, ImageSet set, int batchSize) {
    requireFit(set);
    if (batchSize < 1) {
      throw new IllegalArgumentException("batchSize is " + batchSize + "; expected at least 1");
    }
    try (NDManager data = manager.newSubManager()) {
      DeviceImages images = new DeviceImages(data, set, Net.MEAN, Net.STD);
      return Evaluation.of(logProbabilities(block, data, images, set.size(), batchSize), set);
    }
  }

  /** Returns the set if {@link Net} can be trained and evaluated on it, else throws. */
  static ImageSet requireFit(ImageSet set) {
    if (set.rows() != Net.SIZE || set.columns() != Net.SIZE) {
      throw new CoracleException(
          "images are %d×%d; the network takes %d×%d"
              .formatted(set.rows(), set.columns(), Net.SIZE, Net.SIZE));
    }
    if (set.size() == 0) {
      throw new CoracleException("the set has no images; expected at least one");
    }
    for (int i = 0; i < set.size(); i++) {
      if (set.label(i) >= Net.CLASSES) {
        throw new CoracleException(
            "image %d has label %d; the network knows labels 0 to %d"
                .formatted(i, set.label(i), Net.CLASSES - 1));
      }
    }
    return set;
  }

  /** Returns the log-probabilities (size, classes) of the first {@code size} images. */
  static float[] logProbabilities(
      Block block, NDManager parent, DeviceImages images, int size, int batchSize) {
    float[] all = new float[size * Net.CLASSES];
    try (NDManager manager = parent.newSubManager()) {
      ConstantParameters parameters = new ConstantParameters(manager);
      for (int from = 0; from < size; from += batchSize) {
        int to = Math.min(from + batchSize, size);
        try (NDManager batch = manager.newSubManager()) {
          NDList input = new NDList(images.images(batch, from, to)); // (B,1,28,28)
          NDArray output = block.forward(parameters, input, false).singletonOrThrow(); // (B,10)
          if (!output.getShape().equals(new Shape(to - from, Net.CLASSES))) {
            throw new CoracleException(
                "the network gives %s for %d images; expected log-probabilities of shape (%d, %d)"
                    .formatted(output.getShape(), to - from, to - from, Net.CLASSES));
          }
          float[] values = output.toFloatArray();
          requireLogProbabilities(values, from);
          System.arraycopy(values, 0, all, from * Net.CLASSES, values.length);
        }
      }
    }
    return all;
  }

  /** A row with NaN is let through: it is what a training that diverged ends with. */
  private static void requireLogProbabilities(float[] values, int firstImage) {
    for (int row = 0; row < values.length; row += Net.CLASSES) {
      double sum = 0;
      for (int i = 0; i < Net.CLASSES; i++) {
        sum += Math.exp(values[row + i]);
      }
      if (Math.abs(sum - 1) > ROUNDING) {
        throw new CoracleException(
            "the network gives values whose exponentials add up to %s for image %d; expected log-probabilities, where they add up to 1: end the block with logSoftmax(1)"
                .formatted(sum, firstImage + row / Net.CLASSES));
      }
    }
  }
}
