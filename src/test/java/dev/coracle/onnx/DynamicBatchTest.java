// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
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
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What depends on the batch size is a linear integer, or is refused. */
class DynamicBatchTest {

  private static final Shape SHAPE = new Shape(1, 6);

  @Test
  void fit_oneAxis_givesTheLineThroughThreePoints() {
    DynamicAxes axes = new DynamicAxes(Map.of("n", new long[] {3, 8, 17}));
    DimExpr n = DimExpr.axis("n");
    assertThat(DimExpr.fit(axes, new long[] {5, 5, 5})).isEqualTo(DimExpr.of(5));
    assertThat(DimExpr.fit(axes, new long[] {7, 17, 35}))
        .isEqualTo(n.times(DimExpr.of(2)).plus(DimExpr.of(1)))
        .hasToString("2*n+1");
    assertThat(DimExpr.fit(axes, new long[] {-3, -8, -17})).isEqualTo(DimExpr.of(0).minus(n));
    for (long[] other : new long[][] {{9, 64, 289}, {1, 0, 1}, {1, 4, 8}, {3, 8, 16}}) {
      assertThatThrownBy(() -> DimExpr.fit(axes, other))
          .isInstanceOf(ArithmeticException.class)
          .hasMessageContaining("at [{n=3}, {n=8}, {n=17}]");
    }
  }

  @Test
  void fit_severalAxes_givesSumsOfProducts() {
    DynamicAxes axes = DynamicAxes.choose(List.of("n", "t", "u"), Map.of(), new TreeSet<>());
    assertThat(axes.points()).hasSize(9).doesNotHaveDuplicates();
    DimExpr n = DimExpr.axis("n");
    DimExpr t = DimExpr.axis("t");
    DimExpr u = DimExpr.axis("u");
    for (DimExpr expected :
        List.of(
            n.times(t).times(u).plus(n.times(t)).minus(u).plus(DimExpr.of(7)),
            t.times(u).times(DimExpr.of(-3)),
            n.minus(t),
            DimExpr.of(-4))) {
      long[] seen = axes.points().stream().mapToLong(expected::at).toArray();
      assertThat(DimExpr.fit(axes, seen)).isEqualTo(expected);
      seen[8]++;
      assertThatThrownBy(() -> DimExpr.fit(axes, seen)).isInstanceOf(ArithmeticException.class);
    }
    long[] squares = axes.points().stream().mapToLong(p -> n.times(n).at(p)).toArray();
    assertThatThrownBy(() -> DimExpr.fit(axes, squares)).isInstanceOf(ArithmeticException.class);
    assertThat(n.times(t).minus(u).plus(DimExpr.of(1))).hasToString("n*t-u+1");
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
        "a size decides which arrays meet");
    refuses(
        x ->
            x.add(x.getManager().ones(new Shape(1), batch(x) > 5 ? DataType.INT32 : DataType.INT8)),
        "a size decides the type");
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
          .hasMessageContaining("a size decides which arrays meet");
    }
  }

  @Test
  void export_numberByBatch_isRefused() {
    refuses(
        x -> x.reshape(batch(x) * batch(x) / batch(x), (long) Math.sqrt(36)).add(batch(x) % 2),
        "not a sum of products");
    refuses(
        x -> x.reshape(-1, 2).reshape((batch(x) + 1) / 2 * 0 + 1, -1).mul((batch(x) + 1) / 2),
        "not a sum of products");
    refuses(x -> x.mul(1f / batch(x)), "changes with a size");
    refuses(x -> batch(x) == 3 ? x.add(2) : x.add(2.5), "changes with a size");
    refuses(x -> batch(x) == 3 ? x.add(2) : x.add(x), "changes with a size");
    refuses(x -> batch(x) == 3 ? x.add(x) : x.add(2), "changes with a size");
  }

  @Test
  void export_constantByBatchOrChance_isRefused() {
    refuses(x -> x.add(x.getManager().create(1f / batch(x))), "a constant in NDArray.add");
    refuses(
        x -> {
          float[] squares = new float[(int) batch(x)];
          for (int i = 0; i < squares.length; i++) {
            squares[i] = i * i;
          }
          return x.add(x.getManager().create(squares).reshape(-1, 1));
        },
        "NDArray.reshape",
        "Test.java");
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
  void export_constantsThatFollowFromSizes_agrees() throws IOException, OrtException {
    agrees(x -> x.add(x.getManager().ones(x.getShape())));
    agrees(x -> x.add(x.getManager().full(new Shape(batch(x), 1), 2.5f)));
    agrees(x -> x.mul(x.getManager().create((float) batch(x))).div(batch(x) + 2));
    agrees(x -> x.mul((float) batch(x)).sub(2 * batch(x)));
    agrees(x -> x.add(x.getManager().arange((float) batch(x)).reshape(-1, 1)));
    agrees(x -> x.add(x.getManager().arange(1f, 1 + 0.5f * batch(x), 0.5f).mul(3).reshape(-1, 1)));
    agrees(
        x -> {
          NDArray row = x.getManager().create(new float[] {1, 2, 3, 4, 5, 6}).reshape(1, 6);
          return x.mul(row.broadcast(batch(x), 6)).add(row.repeat(0, batch(x)).sub(1));
        });
  }

  /** What holds at all sizes that are traced need not hold beyond. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "band",
        "minimum",
        "remainder",
        "quotient",
        "less",
        "take",
        "sum",
        "largest",
        "size",
        "greater",
        "cut",
        "start"
      })
  void export_callsOnIndices_areLeftToTheFile(String kind) throws IOException, OrtException {
    UnaryOperator<NDArray> function =
        switch (kind) {
          case "band" ->
              x -> {
                NDArray i = indices(x);
                NDArray distance = i.reshape(-1, 1).sub(i.reshape(1, -1)).abs();
                return x.matMul(distance.lte(100).toType(DataType.FLOAT32, false));
              };
          case "minimum" -> x -> x.add(indices(x).toType(DataType.FLOAT32, false).minimum(100));
          case "remainder" -> x -> x.add(indices(x).mod(100));
          case "quotient" -> x -> x.mul(indices(x).div(128).floor().mod(2));
          case "less" -> x -> x.mul(indices(x).lt(512).toType(DataType.FLOAT32, false));
          case "take" ->
              x -> {
                NDArray table = x.getManager().create(new float[] {1, 2, 3, 4});
                NDArray row = indices(x).div(100).floor().toType(DataType.INT64, false).clip(0, 3);
                return x.mul(table.get(new NDIndex("{}", row)));
              };
          case "size" -> x -> x.mul(number(x, 100).minimum(x.getShape().get(1)));
          case "greater" ->
              x -> x.mul(number(x, 100).gt(x.getShape().get(1)).toType(DataType.FLOAT32, false));
          case "cut" ->
              x -> x.mul(x.getManager().ones(new Shape(100)).get(":" + x.getShape().get(1)).sum());
          case "start" ->
              x -> {
                NDArray ones = x.getManager().ones(new Shape(x.getShape().get(1)));
                return x.mul(ones.get(":100").sum());
              };
          case "sum" -> x -> x.mul(x.onesLike().sum().clip(0, 100));
          default -> x -> x.mul(indices(x).max().gt(100).toType(DataType.FLOAT32, false));
        };
    Agreement.of(function).normal(1, 6).axis(1, "length", 1, 90, 200, 1000).tolerance(1e-4).holds();
  }

  /** ONNX Runtime computes none of these; what only repeats is known all the same. */
  @Test
  void export_float16ThatRepeats_isKnown() throws IOException, OrtException {
    agrees(
        x -> {
          NDArray ones = x.getManager().ones(new Shape(batch(x), 1), DataType.FLOAT16);
          return x.add(ones.mul(-10).cos().toType(DataType.FLOAT32, false));
        });
    agrees(
        x ->
            x.add(
                x.getManager()
                    .arange(0, (int) batch(x), 1, DataType.FLOAT16)
                    .toType(DataType.FLOAT32, false)
                    .expandDims(1)));
  }

  private static NDArray number(NDArray x, float value) {
    return x.getManager().create(value);
  }

  private static NDArray indices(NDArray x) {
    return x.getManager().arange((int) x.getShape().get(1));
  }

  /** The size of what was cut is the axis' own at all sizes that are traced. */
  @Test
  void export_sizeOfASliceThatCutsBeyondTheTracedSizes_isRefused() {
    List<UnaryOperator<NDArray>> functions =
        List.of(
            x -> {
              NDArray cut = x.get(":, :100");
              return cut.sum(new int[] {1}).div(cut.getShape().get(1));
            },
            x -> x.div(x.get(":, :100").getShape().get(1)),
            x -> {
              NDArray end = x.get(":, " + (x.getShape().get(1) - 100) + ":");
              return end.sum(new int[] {1}).div(end.getShape().get(1));
            },
            x -> {
              NDArray ones = x.getManager().ones(new Shape(100)).get(":" + x.getShape().get(1));
              return x.div(ones.getShape().get(0));
            });
    for (UnaryOperator<NDArray> function : functions) {
      OnnxExporter exporter =
          OnnxExporter.builder()
              .block(Exports.lambda(function))
              .input("x", new Shape(1, 6))
              .dynamicAxis("x", 1, "length");
      assertThatThrownBy(() -> Exports.bytes(exporter))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("the file does not agree with the block");
    }
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

  private static void agrees(UnaryOperator<NDArray> function) throws IOException, OrtException {
    Exports.assertAgrees(Exports.lambda(function), SHAPE, 1e-6);
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
