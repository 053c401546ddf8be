// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.pooling.Pool;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Random stacks of what is translated: the file agrees with DJL, or there is none. */
class CompositionTest {

  private static final int STACKS = 60;

  @Test
  void export_randomStacks_agreesOrIsRefused() throws IOException, OrtException {
    int exported = 0;
    Engine.getInstance().setRandomSeed(17);
    for (int seed = 0; seed < STACKS; seed++) {
      Random random = new Random(seed);
      List<String> layers = new ArrayList<>();
      try (NDManager manager = NDManager.newBaseManager()) {
        int rank = 3 + random.nextInt(2);
        Shape shape =
            rank == 3
                ? new Shape(1, 2, 8 + random.nextInt(8))
                : new Shape(1, 2, 8 + random.nextInt(5), 8 + random.nextInt(5));
        Block block = stack(random, shape, layers);
        block.initialize(manager, DataType.FLOAT32, shape);
        try {
          Exports.assertAgrees(block, shape, 1e-4);
          exported++;
        } catch (ExportException e) {
          assertThat(e).as("seed %d: %s", seed, layers).hasMessageContaining("called at");
        } catch (AssertionError e) {
          throw new AssertionError("seed %d: %s".formatted(seed, layers), e);
        }
      }
    }
    assertThat(exported).isEqualTo(STACKS);
  }

  private static Block stack(Random random, Shape shape, List<String> names) {
    SequentialBlock stack = new SequentialBlock();
    Shape now = shape;
    int depth = 2 + random.nextInt(6);
    for (int i = 0; i < depth; i++) {
      Block layer = layer(random, now, names);
      stack.add(layer);
      try (NDManager manager = NDManager.newBaseManager()) {
        layer.initialize(manager, DataType.FLOAT32, now);
        now = layer.getOutputShapes(new Shape[] {now})[0];
      }
      layer.clear();
    }
    return stack;
  }

  private static Block layer(Random random, Shape in, List<String> names) {
    int kind = random.nextInt(9);
    names.add(kind + " on " + in);
    int rank = in.dimension();
    boolean big = rank > 2 && in.get(2) > 3 && in.get(rank - 1) > 3;
    int a = 1 + random.nextInt(3);
    int b = 1 + random.nextInt(2);
    int pad = random.nextInt(2);
    switch (kind) {
      case 0, 1 -> {
        if (rank == 4 && big) {
          return Conv2d.builder()
              .setKernelShape(new Shape(a, b))
              .setFilters(2 * a)
              .optStride(new Shape(b, a))
              .optPadding(new Shape(pad, 1))
              .optDilation(new Shape(1, b))
              .optGroups(in.get(1) % 2 == 0 ? 2 : 1)
              .optBias(random.nextBoolean())
              .build();
        }
        if (rank == 3 && big) {
          return Conv1d.builder()
              .setKernelShape(new Shape(a))
              .setFilters(a + 1)
              .optStride(new Shape(b))
              .optPadding(new Shape(pad))
              .build();
        }
        return Activation.reluBlock();
      }
      case 2 -> {
        if (rank == 4 && big) {
          return Pool.maxPool2dBlock(new Shape(2, 3), new Shape(b, a), new Shape(pad, 1));
        }
        if (rank == 3 && big) {
          return Pool.maxPool1dBlock(new Shape(2), new Shape(a), new Shape(pad));
        }
        return Exports.lambda(x -> x.logSoftmax(-1));
      }
      case 3 -> {
        return Linear.builder().setUnits(a + 3).optBias(random.nextBoolean()).build();
      }
      case 4 -> {
        return Exports.lambda(x -> x.reshape(x.getShape().get(0), -1));
      }
      case 5 -> {
        return Exports.lambda(x -> x.mul(a).add(b / 4f).sub(0.3).div(1.7));
      }
      case 6 -> {
        long last = in.get(rank - 1);
        return Exports.lambda(
            x -> {
              NDArray constant =
                  x.getManager().create(Exports.ramp((int) last), new Shape(1, last));
              return x.sub(constant).mul(constant.add(2));
            });
      }
      case 7 -> {
        return Dropout.builder().optRate(0.5f).build();
      }
      default -> {
        return rank == 2
            ? Exports.lambda(x -> x.reshape(-1, 1, x.getShape().get(1)))
            : Exports.lambda(
                x ->
                    x.reshape(x.getShape().get(0) * x.getShape().get(1), -1).reshape(x.getShape()));
      }
    }
  }
}
