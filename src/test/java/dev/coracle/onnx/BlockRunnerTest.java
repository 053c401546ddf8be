// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is freed between the parts of a sequence, and what must not be. */
class BlockRunnerTest {

  private static final Shape SHAPE = new Shape(1, 6);

  private static BlockRunner runner(Block block) {
    return new BlockRunner(block, UnaryOperator.identity(), UnaryOperator.identity());
  }

  /** The numbers of a view of them would be whatever is in their place by then. */
  @Test
  void run_viewOfNumbersFromJava_outlivesThem() {
    int size = 1 << 12;
    float[] numbers = new float[size];
    Arrays.fill(numbers, 3);
    Block constant = Exports.lambda(x -> x.getManager().create(numbers).reshape(2, size / 2));
    Block sequence =
        new SequentialBlock().add(constant).add(Exports.lambda(x -> overwriteFreed(x, size)));
    for (Block block : List.of(constant, sequence)) {
      try (BlockRunner runner = runner(block);
          NDArray input = runner.manager().zeros(SHAPE)) {
        NDArray output = runner.run(new NDList(input)).singletonOrThrow();
        assertThat(overwriteFreed(output, size).toFloatArray()).isEqualTo(numbers);
      }
    }
  }

  /** Takes the memory that a collection frees, and returns the array. */
  private static NDArray overwriteFreed(NDArray array, int size) {
    for (int i = 0; i < 5; i++) {
      System.gc();
      List<FloatBuffer> taken = new ArrayList<>();
      for (int k = 0; k < 200; k++) {
        FloatBuffer buffer = ByteBuffer.allocateDirect(size * Float.BYTES).asFloatBuffer();
        while (buffer.hasRemaining()) {
          buffer.put(77);
        }
        taken.add(buffer);
      }
      assertThat(taken).hasSize(200);
    }
    return array;
  }

  @Test
  void run_resultOfAMethodOfAParameter_isFreedToo() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Scale scale = new Scale();
      scale.initialize(manager, DataType.FLOAT32, SHAPE);
      Block asks =
          Exports.lambda(
              x -> {
                assertThat(scale.given).extracting(NDArray::isReleased).isEqualTo(true);
                return x;
              });
      BlockRunner runner = runner(new SequentialBlock().add(scale).add(asks));
      try (runner;
          NDArray input = runner.manager().ones(SHAPE)) {
        NDArray output = runner.run(new NDList(input)).singletonOrThrow();
        assertThat(output.toFloatArray()).hasSize(6).containsOnly(1);
      }
    }
  }

  /** Calls a method of its parameter, so that the result belongs where the parameter does. */
  private static final class Scale extends AbstractBlock {
    private final Parameter factors =
        addParameter(
            Parameter.builder()
                .setName("factors")
                .setType(Parameter.Type.GAMMA)
                .optShape(new Shape(6))
                .build());

    private @Nullable NDArray given;

    @Override
    protected NDList forwardInternal(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {
      NDArray x = inputs.singletonOrThrow();
      given = store.getValue(factors, x.getDevice(), training).mul(x);
      return new NDList(given);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return inputShapes;
    }
  }

  @Test
  void run_sequenceThatNeedsAnEarlierArray_runsWholeFromThenOn() {
    NDArray[] kept = new NDArray[1];
    int[] calls = new int[1];
    Block block =
        new SequentialBlock()
            .addSingleton(
                x -> {
                  calls[0]++;
                  kept[0] = x.mul(2);
                  return x;
                })
            .addSingleton(
                x -> {
                  try {
                    return x.add(kept[0]);
                  } catch (IllegalStateException e) {
                    throw new IllegalArgumentException("wrapped", e);
                  }
                });
    try (BlockRunner runner = runner(block);
        NDArray input = runner.manager().ones(SHAPE)) {
      for (int run = 1; run <= 3; run++) {
        NDArray output = runner.run(new NDList(input)).singletonOrThrow();
        assertThat(output.toFloatArray()).containsOnly(3);
        assertThat(calls[0]).isEqualTo(run + 1);
      }
    }
  }

  /** Here the exporter refuses; a file of another's may be compared. */
  @Test
  void run_sequenceThatWritesToOneOfTwoViews_seesItInTheOther() {
    Block block =
        new SequentialBlock()
            .add(list -> new NDList(list.get(0), list.get(0).reshape(3, 2)))
            .add(list -> new NDList(list.get(0).addi(1), list.get(1)))
            .add(list -> new NDList(list.get(1).mul(2)))
            .addSingleton(x -> x.add(5));
    try (BlockRunner runner = runner(block);
        NDArray input = runner.manager().zeros(SHAPE)) {
      NDArray output = runner.run(new NDList(input)).singletonOrThrow();
      assertThat(output.toFloatArray()).containsExactly(7, 7, 7, 7, 7, 7);
      assertThat(input.toFloatArray()).containsOnly(0);
    }
  }
}
