// SPDX-License-Identifier: Apache-2.0
package dev.coracle.net;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.UniformInitializer;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Classifies 28×28 grey images into ten classes: {@code Net} of the PyTorch MNIST example, layer
 * for layer, with 1,199,882 parameters.
 *
 * <p>Takes float32 (N,1,28,28), normalised with {@link #MEAN} and {@link #STD}; returns float32
 * log-probabilities (N,10). Parameters start as PyTorch's do, uniform in ±1/√fan_in, and bear
 * PyTorch's names ({@code conv1.weight} … {@code fc2.bias}). Not thread-safe while it is trained.
 *
 * @see <a href="https://github.com/pytorch/examples/blob/main/mnist/main.py">pytorch/examples,
 *     mnist/main.py</a>
 */
public final class Net extends AbstractBlock {

  /** Height and width of the images, in pixels. */
  public static final int SIZE = 28;

  /** Number of classes. */
  public static final int CLASSES = 10;

  /** Mean of MNIST's training pixels scaled to [0, 1]; the constant of the PyTorch example. */
  public static final float MEAN = 0.1307f;

  /** Standard deviation of MNIST's training pixels scaled to [0, 1]; from the PyTorch example. */
  public static final float STD = 0.3081f;

  private static final byte VERSION = 1;

  private final Conv2d conv1 = conv(32, 1);
  private final Conv2d conv2 = conv(64, 32);
  private final Linear fc1 = linear(128, 64 * 12 * 12);
  private final Linear fc2 = linear(CLASSES, 128);

  public Net() {
    super(VERSION);
    // Added without addChildBlock, which would number the names: 01conv1.
    children.add("conv1", conv1);
    children.add("conv2", conv2);
    children.add("fc1", fc1);
    children.add("fc2", fc2);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> params) {
    NDArray x = inputs.singletonOrThrow();
    x = apply(conv1, x, parameters, training); // (N,1,28,28) -> (N,32,26,26)
    x = Activation.relu(x);
    x = apply(conv2, x, parameters, training); // (N,32,26,26) -> (N,64,24,24)
    x = Activation.relu(x);
    x = Pool.maxPool2d(x, new Shape(2, 2), new Shape(2, 2), new Shape(0, 0), false);
    // (N,64,24,24) -> (N,64,12,12)
    x = Dropout.dropout(x, 0.25f, training).singletonOrThrow();
    x = x.reshape(x.getShape().get(0), -1); // (N,64,12,12) -> (N,9216)
    x = apply(fc1, x, parameters, training); // (N,9216) -> (N,128)
    x = Activation.relu(x);
    x = Dropout.dropout(x, 0.5f, training).singletonOrThrow();
    x = apply(fc2, x, parameters, training); // (N,128) -> (N,10)
    return new NDList(x.logSoftmax(1));
  }

  /** Returns the parameters under PyTorch's names, {@code layer.weight} and {@code layer.bias}. */
  @Override
  public ParameterList getParameters() {
    ParameterList all = new ParameterList();
    for (Pair<String, Block> layer : children) {
      for (Pair<String, Parameter> parameter : layer.getValue().getParameters()) {
        all.add(layer.getKey() + "." + parameter.getKey(), parameter.getValue());
      }
    }
    return all;
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {new Shape(inputShapes[0].get(0), CLASSES)};
  }

  /**
   * Throws IllegalArgumentException unless the shape is (N,1,28,28), since the layers' sizes follow
   * from it.
   */
  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
    long n = inputShapes[0].dimension() == 0 ? 0 : inputShapes[0].get(0);
    if (inputShapes.length != 1 || !inputShapes[0].equals(new Shape(n, 1, SIZE, SIZE))) {
      throw new IllegalArgumentException(
          "input of shape %s; expected (N, 1, %d, %d), one batch of grey images"
              .formatted(Arrays.toString(inputShapes), SIZE, SIZE));
    }
    conv1.initialize(manager, dataType, new Shape(n, 1, SIZE, SIZE));
    conv2.initialize(manager, dataType, new Shape(n, 32, 26, 26));
    fc1.initialize(manager, dataType, new Shape(n, 9216));
    fc2.initialize(manager, dataType, new Shape(n, 128));
  }

  /** Describes the layers as DJL does, which would cut the first two letters of their names. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Net(\n");
    for (Pair<String, Block> layer : children) {
      text.append("  ").append(Blocks.describe(layer.getValue(), layer.getKey(), 0)).append('\n');
    }
    return text.append(')').toString();
  }

  private static NDArray apply(
      Block layer, NDArray x, ParameterStore parameters, boolean training) {
    return layer.forward(parameters, new NDList(x), training).singletonOrThrow();
  }

  private static Conv2d conv(int filters, int inputChannels) {
    Conv2d conv = Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(filters).build();
    return initialized(conv, inputChannels * 3 * 3);
  }

  private static Linear linear(int units, int inputs) {
    return initialized(Linear.builder().setUnits(units).build(), inputs);
  }

  /**
   * Initialises as PyTorch's reset_parameters does: kaiming_uniform with a=√5 is uniform in
   * ±1/√fan_in, like the bias.
   */
  private static <B extends Block> B initialized(B layer, int fanIn) {
    layer.setInitializer(new UniformInitializer((float) (1 / Math.sqrt(fanIn))), p -> true);
    return layer;
  }
}
