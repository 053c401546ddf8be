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

  private Evaluator() {}

  /**
   * Evaluates {@code block} on a set.
   *
   * @param manager of the device to run on, which must be the block's; owns nothing new afterwards
   * @param batchSize images evaluated at once, at least 1; changes memory and speed, not results
   * @throws CoracleException when {@link Net} does not take the set's images or labels
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
          System.arraycopy(values, 0, all, from * Net.CLASSES, values.length);
        }
      }
    }
    return all;
  }
}
