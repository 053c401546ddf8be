// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.Random;

/** Gives blocks numbers as training leaves them, the same for the same seed. */
final class Weights {

  private Weights() {}

  /**
   * Initializes a block, and overwrites what DJL starts with zeros or ones: biases, and what
   * normalizations learn and count. The weights themselves follow from the engine's seed.
   */
  static Block initialize(Block block, NDManager manager, Shape... shapes) {
    block.initialize(manager, DataType.FLOAT32, shapes);
    Random random = new Random(11);
    for (Parameter parameter : block.getParameters().values()) {
      NDArray array = parameter.getArray();
      float[] values = array.toFloatArray();
      for (int i = 0; i < values.length; i++) {
        double normal = random.nextGaussian();
        switch (parameter.getType()) {
          case GAMMA -> values[i] = (float) (0.5 + normal / 8);
          case RUNNING_VAR -> values[i] = (float) (0.5 + Math.abs(normal));
          case BETA, RUNNING_MEAN, BIAS -> values[i] = (float) (normal / 4);
          default -> {}
        }
      }
      array.set(values);
    }
    return block;
  }

  /**
   * Overwrites all parameters of an initialized block: weights as Kaiming's initialization has
   * them, statistics of batch normalization around 0 and 1, and nothing that is the same for all
   * channels.
   */
  static void fill(Block block, long seed) {
    Random random = new Random(seed);
    for (Parameter parameter : block.getParameters().values()) {
      NDArray array = parameter.getArray();
      float[] values = new float[Math.toIntExact(array.size())];
      double fanIn = Math.max(1, (double) array.size() / array.getShape().get(0));
      for (int i = 0; i < values.length; i++) {
        values[i] =
            (float)
                switch (parameter.getType()) {
                  case GAMMA, RUNNING_VAR -> 0.5 + random.nextDouble();
                  case BETA, RUNNING_MEAN, BIAS -> random.nextDouble() - 0.5;
                  default -> random.nextGaussian() * Math.sqrt(2 / fanIn);
                };
      }
      array.set(values);
    }
  }

  /**
   * Keeps batch normalization from enlarging what hardly varied on the images that its statistics
   * come from: rounding errors too would be enlarged.
   */
  static void calm(Block block) {
    for (Parameter parameter : block.getParameters().values()) {
      if (parameter.getType() == Parameter.Type.RUNNING_VAR) {
        NDArray variance = parameter.getArray();
        variance.addi(variance.mean().mul(0.1));
      }
    }
  }
}
