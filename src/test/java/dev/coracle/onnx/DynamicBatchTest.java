// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What depends on the batch size is a linear integer, or is refused. */
class DynamicBatchTest {

  private static final Shape SHAPE = new Shape(1, 6);

  @Test
  void fit_threePointsOnALine_givesIt() {
    long[] batches = {3, 8, 17};
    assertThat(DimExpr.fit(batches, new long[] {5, 5, 5})).isEqualTo(DimExpr.of(5));
    assertThat(DimExpr.fit(batches, new long[] {7, 17, 35})).isEqualTo(new DimExpr(2, 1));
    assertThat(DimExpr.fit(batches, new long[] {-3, -8, -17})).isEqualTo(new DimExpr(-1, 0));
    for (long[] other : new long[][] {{9, 64, 289}, {1, 0, 1}, {1, 4, 8}, {3, 8, 16}}) {
      assertThatThrownBy(() -> DimExpr.fit(batches, other))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageContaining("at batch sizes 3, 8, 17");
    }
  }

  @Test
  void export_controlFlowByBatch_isRefusedWithThePlace() {
    refuses(x -> batch(x) > 5 ? x.add(1) : x.sub(1), "control flow", "DynamicBatchTest.java");
    refuses(x -> batch(x) > 5 ? x.add(1).add(1) : x.add(1), "control flow", "NDArray.add");
    refuses(x -> batch(x) > 5 ? x.add(1) : x, "control flow", "NDArray.add");
    refuses(x -> batch(x) % 2 == 0 ? x.add(1) : x, "control flow");
    refuses(x -> batch(x) > 16 ? x.add(1) : x, "control flow");
  }

  @Test
  void export_dataflowByBatch_isRefused() {
    refuses(
        x -> {
          NDArray a = x.add(1);
          NDArray b = x.sub(1);
          return (batch(x) > 5 ? a : b).mul(2);
        },
        "the batch size decides which arrays meet");
    refuses(
        x ->
            x.add(x.getManager().ones(new Shape(1), batch(x) > 5 ? DataType.INT32 : DataType.INT8)),
        "the batch size decides the type");
    refuses(x -> x.toType(batch(x) > 5 ? DataType.INT32 : DataType.INT64, false), "changes");
  }

  @Test
  void export_outputsByBatch_isRefused() {
    Block block =
        new LambdaBlock(
            list -> {
              NDArray y = list.singletonOrThrow().add(1);
              return batch(y) > 5 ? new NDList(y) : new NDList(y, y);
            });
    assertThatThrownBy(() -> Exports.model(block, SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("how many arrays there are in the outputs");
  }

  @Test
  void export_parameterByBatch_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block = new TwoParameters();
      block.initialize(manager, DataType.FLOAT32, SHAPE);
      assertThatThrownBy(() -> Exports.model(block, SHAPE))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("the batch size decides which arrays meet");
    }
  }

  @Test
  void export_numberByBatch_isRefused() {
    refuses(
        x -> x.reshape(batch(x) * batch(x) / batch(x), (long) Math.sqrt(36)).add(batch(x) % 2),
        "linear");
    refuses(
        x -> x.reshape(-1, 2).reshape((batch(x) + 1) / 2 * 0 + 1, -1).mul((batch(x) + 1) / 2),
        "linear");
    refuses(x -> x.mul(1f / batch(x)), "changes with the batch size");
    refuses(x -> batch(x) == 3 ? x.add(2) : x.add(2.5), "changes with the batch size");
    refuses(x -> batch(x) == 3 ? x.add(2) : x.add(x), "changes with the batch size");
    refuses(x -> batch(x) == 3 ? x.add(x) : x.add(2), "changes with the batch size");
  }

  @Test
  void export_constantByBatchOrChance_isRefused() {
    refuses(
        x -> x.add(x.getManager().ones(x.getShape())), "a constant in NDArray.add", "Test.java");
    refuses(x -> x.add(x.getManager().create((float) batch(x))), "a constant");
    refuses(
        x -> x.add(x.getManager().create(ThreadLocalRandom.current().nextFloat())), "a constant");
    refuses(
        x -> {
          try (NDManager manager = NDManager.newBaseManager()) {
            return x.add(manager.randomNormal(new Shape(6)));
          }
        },
        "a constant");
  }

  @Test
  void export_parametersOfEverySmallSize_stillTracesThreeSizes() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      List<Long> batches = new ArrayList<>();
      SequentialBlock block = new SequentialBlock();
      block.add(
          Exports.lambda(
              x -> {
                batches.add(batch(x));
                return x;
              }));
      for (int units = 2; units < 70; units++) {
        block.add(Linear.builder().setUnits(units).build());
      }
      block.initialize(manager, DataType.FLOAT32, SHAPE);
      batches.clear();
      Exports.model(block, SHAPE);
      assertThat(batches).containsExactly(71L, 70L, 73L);
    }
  }

  @Test
  void export_inputShape_itsBatchDoesNotMatter() throws IOException {
    Block block = Exports.lambda(x -> x.add(1));
    assertThat(Exports.model(block, new Shape(-1, 6))).isEqualTo(Exports.model(block, SHAPE));
    assertThatThrownBy(() -> Exports.model(block, new Shape(1, -1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(1, -1)");
  }

  private static long batch(NDArray x) {
    return x.getShape().get(0);
  }

  private static void refuses(UnaryOperator<NDArray> function, String... message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), SHAPE))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }

  /** Adds one parameter to small batches and another, of the same shape, to large ones. */
  private static final class TwoParameters extends AbstractBlock {
    private final Parameter small = parameter("small");
    private final Parameter large = parameter("large");

    private Parameter parameter(String name) {
      return addParameter(
          Parameter.builder()
              .setName(name)
              .setType(Parameter.Type.BIAS)
              .optShape(new Shape(6))
              .build());
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {
      NDArray x = inputs.singletonOrThrow();
      return new NDList(
          x.add(store.getValue(batch(x) > 5 ? large : small, x.getDevice(), training)));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return inputShapes;
    }
  }
}
