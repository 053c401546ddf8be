// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * Makes random stacks of layers, from a seed. No layer has a jump in it (rounding, comparing,
 * sorting): two right answers could lie on both sides of one.
 */
final class RandomStacks {

  /** Any size but 1, which behaves in its own ways. */
  private static final int BATCH = 2;

  private final Random random;
  private final NDManager manager;
  private final List<String> names = new ArrayList<>();
  private final RandomArrayCode arrayCode;

  private RandomStacks(long seed, NDManager manager) {
    this.random = new Random(seed);
    this.manager = manager;
    this.arrayCode = new RandomArrayCode(random, names);
  }

  /**
   * A stack.
   *
   * @param input shape of its input; axis 0 is the batch
   * @param layers what it is made of, for messages
   */
  record Stack(Block block, Shape input, List<String> layers) {}

  /** Makes a stack of 2 to 7 layers; its parameters belong to the manager. */
  static Stack of(long seed, NDManager manager) {
    return new RandomStacks(seed, manager).stack();
  }

  private Stack stack() {
    Shape input =
        switch (random.nextInt(8)) {
          case 0 -> new Shape(BATCH, size(3, 9));
          case 1, 2, 3 -> new Shape(BATCH, size(2, 4), size(6, 12));
          case 4 -> new Shape(BATCH, 2, size(3, 5), size(3, 5), size(3, 5));
          default -> new Shape(BATCH, size(2, 4), size(6, 10), size(6, 10));
        };
    SequentialBlock stack = new SequentialBlock();
    Shape now = input;
    int depth = size(2, 7);
    for (int i = 0; i < depth; i++) {
      Block layer = layer(now);
      stack.add(layer);
      now = outputOf(layer, now);
    }
    return new Stack(stack, input, names);
  }

  private int size(int least, int most) {
    return least + random.nextInt(most - least + 1);
  }

  @SafeVarargs
  private <T> T oneOf(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private Block named(String name, Shape in, Block layer) {
    names.add(name + " on " + in);
    return layer;
  }

  /** Initializes a layer, moves what is 0 or 1 at first elsewhere, and finds its output's shape. */
  private Shape outputOf(Block layer, Shape in) {
    layer.initialize(manager, DataType.FLOAT32, in);
    for (Parameter parameter : layer.getParameters().values()) {
      NDArray array = parameter.getArray();
      float spread = parameter.getType() == Parameter.Type.WEIGHT ? 0 : 0.4f;
      float[] noise = new float[Math.toIntExact(array.size())];
      for (int i = 0; i < noise.length; i++) {
        noise[i] = spread * (random.nextFloat() - 0.5f);
      }
      array.addi(manager.create(noise, array.getShape()));
    }
    NDArray x = manager.zeros(in);
    return layer
        .forward(new ParameterStore(manager, false), new NDList(x), false)
        .singletonOrThrow()
        .getShape();
  }

  private Block layer(Shape in) {
    int rank = in.dimension();
    return switch (random.nextInt(12)) {
      case 0, 1 -> rank > 2 && smallest(in, 2) > 2 ? convolution(in) : linear(in);
      case 2 -> rank > 2 && smallest(in, 2) > 2 ? pool(in) : linear(in);
      case 3 -> norm(in);
      case 4 -> activation(in);
      case 5 -> linear(in);
      case 6 -> rank == 3 ? recurrent(in) : activation(in);
      case 7 -> rank == 3 && in.get(2) % 2 == 0 ? attention(in) : arrayCode.shaped(in);
      case 8 -> arrayCode.shaped(in);
      case 9 -> parallel(in);
      case 10 -> arrayCode.reduced(in);
      default -> arrayCode.arithmetic(in);
    };
  }

  private static long smallest(Shape shape, int from) {
    long smallest = Long.MAX_VALUE;
    for (int axis = from; axis < shape.dimension(); axis++) {
      smallest = Math.min(smallest, shape.get(axis));
    }
    return smallest;
  }

  /** A shape of one size a spatial axis. */
  private Shape sizes(Shape in, int least, int most) {
    long[] sizes = new long[in.dimension() - 2];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = size(least, most);
    }
    return new Shape(sizes);
  }

  private Block convolution(Shape in) {
    Shape kernel = sizes(in, 1, 3);
    Shape stride = sizes(in, 1, 2);
    Shape padding = sizes(in, 0, 1);
    Shape dilation = smallest(in, 2) > 4 ? sizes(in, 1, 2) : sizes(in, 1, 1);
    int groups = in.get(1) % 2 == 0 ? oneOf(1, 2) : 1;
    boolean bias = random.nextBoolean();
    String name = "conv " + kernel + stride + padding + dilation + groups + bias;
    var builder =
        switch (in.dimension()) {
          case 3 -> Conv1d.builder();
          case 4 -> Conv2d.builder();
          default -> Conv3d.builder();
        };
    builder
        .setKernelShape(kernel)
        .setFilters(2 * size(1, 2))
        .optStride(stride)
        .optPadding(padding)
        .optDilation(dilation)
        .optGroups(groups)
        .optBias(bias);
    Block layer =
        switch (in.dimension()) {
          case 3 -> ((Conv1d.Builder) builder).build();
          case 4 -> ((Conv2d.Builder) builder).build();
          default -> ((Conv3d.Builder) builder).build();
        };
    return named(name, in, layer);
  }

  private Block pool(Shape in) {
    Shape kernel = sizes(in, 2, 3);
    Shape stride = sizes(in, 1, 2);
    Shape padding = sizes(in, 0, 1);
    boolean ceil = random.nextBoolean();
    boolean countPadding = random.nextBoolean();
    int rank = in.dimension();
    int kind = random.nextInt(8);
    String name = "pool " + kind + kernel + stride + padding + ceil + countPadding;
    Block layer =
        switch (kind) {
          case 0 ->
              rank == 3
                  ? Pool.globalAvgPool1dBlock()
                  : rank == 4 ? Pool.globalAvgPool2dBlock() : Pool.globalAvgPool3dBlock();
          case 1 ->
              rank == 3
                  ? Pool.globalMaxPool1dBlock()
                  : rank == 4 ? Pool.globalMaxPool2dBlock() : Pool.globalMaxPool3dBlock();
          case 2, 3, 4 ->
              rank == 3
                  ? Pool.avgPool1dBlock(kernel, stride, padding, ceil, countPadding)
                  : rank == 4
                      ? Pool.avgPool2dBlock(kernel, stride, padding, ceil, countPadding)
                      : Pool.avgPool3dBlock(kernel, stride, padding, ceil, countPadding);
          default ->
              rank == 3
                  ? Pool.maxPool1dBlock(kernel, stride, padding, ceil)
                  : rank == 4
                      ? Pool.maxPool2dBlock(kernel, stride, padding, ceil)
                      : Pool.maxPool3dBlock(kernel, stride, padding, ceil);
        };
    return named(name, in, layer);
  }

  private Block norm(Shape in) {
    int axis = random.nextInt(3) == 0 ? in.dimension() - 1 : 1;
    boolean scale = random.nextBoolean();
    boolean centre = random.nextBoolean();
    if (random.nextBoolean()) {
      Block layer = BatchNorm.builder().optAxis(axis).optScale(scale).optCenter(centre).build();
      return named("batchNorm " + axis + scale + centre, in, layer);
    }
    // A step of 0.1: without one, normalising nearly equal numbers makes rounding errors large.
    Block layer = LayerNorm.builder().optEpsilon(0.1f).optScale(scale).optCenter(centre).build();
    return named("layerNorm " + scale + centre, in, layer);
  }

  private Block activation(Shape in) {
    int kind = random.nextInt(13);
    Block layer =
        switch (kind) {
          case 0 -> Activation.reluBlock();
          case 1 -> Activation.sigmoidBlock();
          case 2 -> Activation.tanhBlock();
          case 3 -> Activation.softPlusBlock();
          case 4 -> Activation.softSignBlock();
          case 5 -> Activation.leakyReluBlock(0.1f);
          case 6 -> Activation.eluBlock(0.7f);
          case 7 -> Activation.seluBlock();
          case 8 -> Activation.geluBlock();
          case 9 -> Activation.swishBlock(1.3f);
          case 10 -> Activation.mishBlock();
          case 11 -> Activation.relu6Block();
          default -> Dropout.builder().optRate(0.4f).build();
        };
    return named("activation " + kind, in, layer);
  }

  private Block linear(Shape in) {
    boolean bias = random.nextBoolean();
    Block layer = Linear.builder().setUnits(size(2, 8)).optBias(bias).build();
    return named("linear " + bias, in, layer);
  }

  private Block recurrent(Shape in) {
    int layers = size(1, 2);
    int units = size(2, 5);
    boolean biases = random.nextBoolean();
    boolean both = !biases && random.nextInt(3) == 0; // DJL has biases in one direction only
    int kind = random.nextInt(3);
    String name = "recurrent " + kind + " " + layers + " " + units + biases + both;
    Block layer =
        switch (kind) {
          case 0 ->
              LSTM.builder()
                  .setNumLayers(layers)
                  .setStateSize(units)
                  .optHasBiases(biases)
                  .optBidirectional(both)
                  .optBatchFirst(true)
                  .build();
          case 1 ->
              GRU.builder()
                  .setNumLayers(layers)
                  .setStateSize(units)
                  .optHasBiases(biases)
                  .optBidirectional(both)
                  .optBatchFirst(true)
                  .build();
          default ->
              RNN.builder()
                  .setNumLayers(layers)
                  .setStateSize(units)
                  .setActivation(oneOf(RNN.Activation.RELU, RNN.Activation.TANH))
                  .optHasBiases(biases)
                  .optBidirectional(both)
                  .optBatchFirst(true)
                  .build();
        };
    return named(name, in, layer);
  }

  private Block attention(Shape in) {
    int units = Math.toIntExact(in.get(2));
    if (random.nextBoolean()) {
      Block layer =
          ScaledDotProductAttentionBlock.builder()
              .setEmbeddingSize(units)
              .setHeadCount(2)
              .optAttentionProbsDropoutProb(0.1f)
              .build();
      return named("attention", in, layer);
    }
    Function<NDList, NDList> activation = oneOf(Activation::gelu, Activation::relu);
    return named("encoder", in, new TransformerEncoderBlock(units, 2, 6, 0.1f, activation));
  }

  private Block parallel(Shape in) {
    int kind = random.nextInt(3);
    Block left = activation(in);
    Block right = random.nextBoolean() ? activation(in) : arrayCode.arithmetic(in);
    Function<List<NDList>, NDList> join =
        switch (kind) {
          case 0 ->
              lists ->
                  new NDList(
                      NDArrays.concat(new NDList(lists.get(0).get(0), lists.get(1).get(0)), 1));
          case 1 -> lists -> new NDList(lists.get(0).get(0).add(lists.get(1).get(0)));
          default ->
              lists -> new NDList(NDArrays.maximum(lists.get(0).get(0), lists.get(1).get(0)));
        };
    return named("parallel " + kind, in, new ParallelBlock(join, List.of(left, right)));
  }
}
