// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Shapes, joins and parts: each form of each call in ONNX Runtime as in DJL. */
class ShapeOperatorTest {

  @Test
  void flatten_everyForm_agrees() throws IOException, OrtException {
    agrees(NDArray::flatten, 1, 4, 6);
    agrees(x -> x.flatten(1, 2), 1, 4, 6);
    agrees(x -> x.flatten(0, 1), 1, 4, 6);
    agrees(x -> x.flatten(1, -1), 1, 2, 3, 4);
    agrees(x -> x.flatten(0, -1).reshape(x.getShape()), 1, 4, 6);
    agrees(x -> x.sum().flatten(), 1, 4);
  }

  @Test
  void squeezeAndExpandDims_everyForm_agrees() throws IOException, OrtException {
    agrees(x -> x.squeeze(1), 1, 1, 4, 1);
    agrees(x -> x.squeeze(-1), 1, 1, 4, 1);
    agrees(x -> x.squeeze(2), 1, 1, 4, 1);
    agrees(x -> x.squeeze(new int[] {1, 3}), 1, 1, 4, 1);
    agrees(x -> x.squeeze(new int[] {}), 1, 1, 4);
    agrees(x -> x.expandDims(0), 1, 4);
    agrees(x -> x.expandDims(1).expandDims(-1).expandDims(-2), 1, 4);
    agrees(x -> x.sum().expandDims(0).squeeze(0).expandDims(-1), 1, 4);
  }

  @Test
  void squeeze_atBatchOne_keepsTheBatchAxis() throws IOException, OrtException {
    // DJL drops it, so only other sizes can be compared.
    Agreement.of((NDArray x) -> x.squeeze()).input(DataType.FLOAT32, 1, 4, 1).batches(2, 7).holds();
    Agreement.of((NDArray x) -> x.squeeze())
        .input(DataType.FLOAT32, 1, 1, 4, 1)
        .batches(2, 7)
        .holds();
    Agreement.of(x -> x.squeeze(0)).input(DataType.FLOAT32, 1, 4).batches(2, 7).holds();
  }

  @Test
  void transpose_everyForm_agrees() throws IOException, OrtException {
    agrees(x -> x.transpose(), 1, 4, 6);
    agrees(x -> x.transpose(0, 2, 1), 1, 4, 6);
    agrees(x -> x.transpose(-1, 0, 1), 1, 4, 6);
    agrees(x -> x.swapAxes(0, 2), 1, 4, 6);
    agrees(x -> x.swapAxes(-1, 1).swapAxes(1, 1), 1, 4, 6);
    agrees(x -> x.flatten().transpose(), 1, 4);
    agrees(x -> x.sum().transpose(), 1, 4);
  }

  /** ONNX Runtime would take a Transpose before a Gemm for one that swaps the axes. */
  @Test
  void transpose_keepsTheOrderBeforeALinear_agrees() throws IOException, OrtException {
    agrees(x -> linear(x.swapAxes(1, 1)), 1, 6);
    agrees(x -> linear(x.transpose(0, -1)), 1, 6);
    agrees(x -> linear(x.transpose().transpose()), 1, 6);
  }

  private static NDArray linear(NDArray x) {
    NDArray weight = x.getManager().arange(24f).reshape(4, 6);
    NDArray bias = x.getManager().ones(new Shape(4));
    return Linear.linear(x, weight, bias).singletonOrThrow();
  }

  @Test
  void broadcast_everyForm_agrees() throws IOException, OrtException {
    agrees(x -> x.expandDims(1).broadcast(x.getShape().get(0), 5, 4), 1, 4);
    agrees(x -> x.broadcast(new Shape(2, x.getShape().get(0), 4)), 1, 4);
    agrees(x -> x.broadcast(x.getShape()), 1, 4);
    agrees(x -> x.sum().broadcast(3, x.getShape().get(0)), 1, 4);
    agrees(x -> x.sum(new int[] {0}).broadcast(x.getShape()), 1, 4);
  }

  @Test
  void tile_everyForm_agrees() throws IOException, OrtException {
    agrees(x -> x.tile(2), 1, 3);
    agrees(x -> x.tile(new long[] {1, 3}), 1, 3);
    agrees(x -> x.tile(new long[] {2, 1, 3}), 1, 3);
    agrees(x -> x.sum().tile(4), 1, 3);
    agrees(x -> x.sum(new int[] {0}).tile(new long[] {x.getShape().get(0), 1}), 1, 3);
    agrees(x -> x.tile(new long[] {1, x.getShape().get(0)}), 1, 3);
  }

  @Test
  void repeat_everyForm_agrees() throws IOException, OrtException {
    agrees(x -> x.repeat(2), 1, 3);
    agrees(x -> x.repeat(1), 1, 3);
    agrees(x -> x.repeat(1, 3), 1, 3);
    agrees(x -> x.repeat(-1, 2), 1, 3, 2);
    agrees(x -> x.repeat(0, 2), 1, 3);
    agrees(x -> x.repeat(new long[] {2, 3}), 1, 3);
    agrees(x -> x.repeat(new long[] {1, 3}), 1, 3, 2);
    agrees(x -> x.repeat(new Shape(6)), 1, 3);
    agrees(x -> x.repeat(new Shape(6, 4)), 1, 3, 2);
    agrees(x -> x.repeat(new Shape(x.getShape().get(0), 6)), 1, 3);
    agrees(x -> x.sum(new int[] {0}, true).repeat(0, x.getShape().get(0)), 1, 3);
  }

  @Test
  void flipAndRotate_agrees() throws IOException, OrtException {
    agrees(x -> x.flip(0), 1, 3, 4);
    agrees(x -> x.flip(1, -1), 1, 3, 4);
    for (int times = -1; times < 5; times++) {
      int turns = times;
      agrees(x -> x.rotate90(turns, new int[] {1, 2}), 1, 3, 4);
      agrees(x -> x.rotate90(turns, new int[] {-1, 0}), 1, 3, 4);
    }
  }

  @Test
  void pad_eachSide_agrees() throws IOException, OrtException {
    agrees(x -> x.pad(new Shape(1, 2), 0.5), 1, 3, 4);
    agrees(x -> x.pad(new Shape(1, 2, 0, 3), -1), 1, 3, 4);
    agrees(x -> x.pad(new Shape(0, 0, 0, 0, 2, 1), 0), 1, 3, 4);
    agrees(x -> x.pad(new Shape(0, x.getShape().get(0)), 2), 1, 3);
  }

  @Test
  void concatAndStack_everyForm_agrees() throws IOException, OrtException {
    agrees(x -> x.concat(x.add(1)), 1, 3, 4);
    agrees(x -> x.concat(x.add(1), 1), 1, 3, 4);
    agrees(x -> NDArrays.concat(new NDList(x, x.mul(2), x), -1), 1, 3, 4);
    agrees(x -> NDArrays.concat(new NDList(x)), 1, 3);
    agrees(x -> x.concat(x.getManager().ones(new Shape(1, 3))), 1, 3);
    agrees(x -> x.concat(x.toType(DataType.INT64, false), 1), 1, 3);
    agrees(x -> x.stack(x.add(1)), 1, 3);
    agrees(x -> NDArrays.stack(new NDList(x, x.mul(2), x), -1), 1, 3);
    agrees(x -> NDArrays.stack(new NDList(x, x), 1), 1, 3);
    agrees(x -> NDArrays.stack(new NDList(x)), 1, 3);
  }

  @Test
  void split_everyForm_agrees() throws IOException, OrtException {
    lists(list -> list.head().split(3, 1), 1, 6, 2);
    lists(list -> list.head().split(2, 1), 1, 7, 2); // parts of 3, 3 and 1
    lists(list -> list.head().split(new long[] {1, 4}, 1), 1, 6);
    lists(list -> list.head().split(new long[] {}, 1), 1, 6);
    lists(list -> list.head().split(1), 1, 6);
    lists(list -> list.head().transpose().split(2), 1, 6);
    lists(list -> list.head().transpose().split(new long[] {4}), 1, 6);
    lists(list -> new NDList(list.head().split(3, 1).get(1).add(1)), 1, 6);
    lists(
        list -> {
          NDArray x = list.head();
          return x.concat(x).split(new long[] {x.getShape().get(0)});
        },
        1,
        6);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void shapes_everyType_agrees(DataType type) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              NDArray y = x.expandDims(1).squeeze(1).transpose(0, 2, 1).swapAxes(1, 2);
              NDList parts = y.flip(1).split(new long[] {1}, 1);
              NDArray joined = parts.get(1).concat(parts.get(0), 1).stack(x, 1);
              return new NDList(
                  joined.repeat(2, 2).flatten(1, 2),
                  x.broadcast(new Shape(2, x.getShape().get(0), 3, 2)),
                  x.tile(new long[] {1, 2, 1}));
            })
        .input(type, 1, 3, 2)
        .holds();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT64", "UINT8", "INT8", "INT32", "INT64"})
  void pad_everyType_agrees(DataType type) throws IOException, OrtException {
    Agreement.of(x -> x.pad(new Shape(1, 2), 3)).input(type, 1, 3, 2).holds();
  }

  @Test
  void shapes_secondOpenAxis_agrees() throws IOException, OrtException {
    open(x -> x.flatten(0, 1), 1, -1, 2);
    open(x -> x.flatten(1, 2), 1, -1, 2);
    open(x -> x.transpose(1, 0, 2).flatten().reshape(-1, 2), 1, -1, 2);
    open(x -> x.expandDims(1).broadcast(batch(x), 3, length(x), 2), 1, -1, 2);
    open(x -> x.sum(new int[] {1}, true).repeat(1, length(x)).add(x.mul(length(x))), 1, -1, 2);
    open(x -> x.repeat(1, batch(x)), 1, -1, 2);
    open(x -> x.concat(x, 1).split(new long[] {length(x)}, 1).get(1), 1, -1);
    open(x -> x.pad(new Shape(length(x), 1), 0), 1, -1);
    open(
        x -> x.add(x.getManager().arange((float) length(x)).reshape(1, -1)).sub(length(x) - 1),
        1,
        -1);
    open(
        x -> x.mul(x.getManager().arange((int) (batch(x) * length(x))).reshape(batch(x), -1)),
        1,
        -1);
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 18, 21})
  void shapesAndIndices_everyOpset_agrees(int opset) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              NDList results = x.split(new long[] {1}, 1);
              NDArray indices = x.topK(2, 1).get(1);
              results.addAll(new NDList(x.pad(new Shape(1, 1), 0), x.flip(1), x.repeat(1, 2)));
              results.addAll(new NDList(x.tile(2), x.expandDims(1).squeeze(1), indices));
              results.addAll(new NDList(x.gather(indices, 1), indices.oneHot(4), x.sort(1)));
              results.addAll(new NDList(x.get(":, 1:3"), x.cumSum(1), x.clip(0, 1), x.isNaN()));
              results.addAll(new NDList(x.scatter(indices, x.get(":, :2"), 1), x.mod(2)));
              return results;
            })
        .input(DataType.FLOAT32, 1, 4)
        .opset(opset)
        .holds();
  }

  @Test
  void tile_formsThatTheEngineLacks_isRefused() {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(x -> x.tile(1, 2)), new Shape(1, 3)))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("Not implemented");
  }

  private static long batch(NDArray x) {
    return x.getShape().get(0);
  }

  private static long length(NDArray x) {
    return x.getShape().get(1);
  }

  private static void agrees(UnaryOperator<NDArray> function, long... shape)
      throws IOException, OrtException {
    Agreement.of(function).input(DataType.FLOAT32, shape).holds();
  }

  private static void lists(UnaryOperator<NDList> function, long... shape)
      throws IOException, OrtException {
    Agreement.ofList(function).input(DataType.FLOAT32, shape).holds();
  }

  /** Leaves axis 1 open too. */
  private static void open(UnaryOperator<NDArray> function, long... shape)
      throws IOException, OrtException {
    Agreement.of(function).input(DataType.FLOAT32, shape).axis(1, "length", 1, 4, 9).holds();
  }
}
