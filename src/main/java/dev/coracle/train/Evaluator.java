// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Net;

/** Evaluates a network without dropout and without recording gradients. */
public final class Evaluator {

  private Evaluator() {}

  /**
   * Evaluates {@code block} on a set.
   *
   * @param manager of the device to run on, which must be the block's; it owns nothing afterwards
   * @param batchSize images at once; changes memory and speed, not results
   */
  public static Evaluation evaluate(Block block, NDManager manager, ImageSet set, int batchSize) {
    try (NDManager data = manager.newSubManager()) {
      DeviceImages images = new DeviceImages(data, set, Net.MEAN, Net.STD);
      return Evaluation.of(logProbabilities(block, data, images, set.size(), batchSize), set);
    }
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
          float[] values = output.toFloatArray();
          System.arraycopy(values, 0, all, from * Net.CLASSES, values.length);
        }
      }
    }
    return all;
  }
}
