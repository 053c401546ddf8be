// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reductions along all, one or several axes, and products of matrices, in ONNX Runtime and DJL. */
class ReductionOperatorTest {

  @ParameterizedTest
  @ValueSource(ints = {-1, -2, -3})
  void reduce_axisCountedFromTheEnd_agrees(int axis) throws IOException, OrtException {
    int[] axes = {axis};
    List<UnaryOperator<NDArray>> functions =
        List.of(
            x -> x.sum(axes),
            x -> x.mean(axes, true),
            x -> x.max(axes, true),
            x -> x.min(axes),
            x -> x.flip(axes));
    for (UnaryOperator<NDArray> function : functions) {
      Agreement.of(function).normal(1, 3, 4).holds();
    }
    Agreement.of(x -> x.transpose(0, 1, -1, -2)).normal(1, 2, 3, 4).holds();
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 17, 18, 21})
  void reductions_everyForm_agrees(int opset) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              NDList results = new NDList(x.sum(), x.mean(), x.prod(), x.max(), x.min());
              results.addAll(new NDList(x.sum(new int[] {}), x.sum(new int[] {}, true)));
              results.addAll(new NDList(x.sum(new int[] {0, 2}), x.sum(new int[] {-1}, true)));
              for (int axis = -1; axis < 3; axis++) {
                int[] axes = {axis};
                results.addAll(new NDList(x.mean(axes), x.prod(axes), x.max(axes), x.min(axes)));
                results.addAll(new NDList(x.mean(axes, true), x.max(axes, true)));
                results.addAll(new NDList(x.norm(axes), x.norm(1, axes, true)));
              }
              results.addAll(
                  new NDList(x.norm(), x.norm(true), x.norm(2, new int[] {0, 1}, false)));
              results.addAll(new NDList(x.normalize(), x.normalize(1, 2), x.sum().sum()));
              return results;
            })
        .input(DataType.FLOAT32, 1, 3, 4)
        .opset(opset)
        .holds();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void reductions_everyType_agrees(DataType type) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              NDList results = new NDList(x.sum(), x.sum(new int[] {1}), x.max(), x.min());
              results.addAll(new NDList(x.max(new int[] {1}), x.min(new int[] {1})));
              results.addAll(new NDList(x.cumSum(1), x.all(), x.any(), x.none()));
              results.addAll(new NDList(x.countNonzero(), x.countNonzero(1)));
              if (type == DataType.FLOAT32) {
                results.addAll(new NDList(x.prod(), x.prod(new int[] {1})));
              }
              if (type.isFloating()) {
                results.addAll(new NDList(x.mean(), x.norm(), x.normalize()));
              }
              return results;
            })
        .input(type, 1, 4)
        .holds();
  }

  @Test
  void prod_wholeNumbers_isRefused() {
    for (DataType type : new DataType[] {DataType.INT32, DataType.INT64, DataType.UINT8}) {
      assertThatThrownBy(
              () ->
                  Exports.model(Exports.lambda(x -> x.toType(type, false).prod()), new Shape(1, 4)))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll("NDArray.prod", "whole numbers");
    }
  }

  @Test
  void truth_ofNoneSomeAndAll_agrees() throws IOException, OrtException {
    for (int low = -1; low < 2; low++) {
      Agreement.ofList(
              list -> {
                NDArray x = list.head();
                return new NDList(x.all(), x.any(), x.none());
              })
          .between(low, low + 1, DataType.INT32, 1, 3)
          .holds();
    }
  }

  @Test
  void cumSum_agrees() throws IOException, OrtException {
    agrees(x -> x.cumSum(0), 1, 3);
    agrees(x -> x.cumSum(-1), 1, 3, 4);
    agrees(NDArray::cumSum, 1, 3);
    agrees(x -> x.sum().cumSum(), 1, 3);
    refuses(x -> x.cumProd(1), "NDArray.cumProd", "ONNX has no such operator");
  }

  @Test
  void diff_agrees() throws IOException, OrtException {
    agrees(x -> x.diff(1, 1), 1, 5);
    agrees(x -> x.diff(3, -1), 1, 2, 5);
    agrees(x -> x.concat(x).diff(1, 0), 1, 5);
    Agreement.of(x -> x.diff(2, 1)).input(DataType.UINT8, 1, 5).holds();
  }

  @Test
  void median_agrees() throws IOException, OrtException {
    agrees(NDArray::median, 1, 5);
    agrees(NDArray::median, 1, 4);
    agrees(x -> x.median(new int[] {1}), 1, 5, 4);
    Agreement.of(NDArray::median).input(DataType.INT32, 1, 4).holds();
    refuses(x -> x.median(new int[] {0}), "depends on the size of an axis");
  }

  @Test
  void norm_otherOrders_isRefused() {
    refuses(x -> x.norm(3, new int[] {1}, false), "order 3");
    refuses(x -> x.normalize(3, 1), "exponent 3");
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "INT32", "INT64", "UINT8", "INT8"})
  void matMul_everyType_agrees(DataType type) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray a = list.get(0);
              NDArray b = list.get(1);
              return new NDList(
                  a.matMul(b.transpose()), a.dot(b.transpose()), a.flatten().dot(b.flatten()));
            })
        .input(type, 1, 3)
        .input(type, 1, 3)
        .holds();
  }

  @Test
  void matMul_everyRank_agrees() throws IOException, OrtException {
    agrees(x -> x.matMul(x.transpose(0, 2, 1)), 1, 3, 4);
    agrees(x -> x.batchMatMul(x.transpose(0, 2, 1)), 1, 3, 4);
    agrees(x -> x.matMul(x.getManager().ones(new Shape(4, 2))), 1, 3, 4);
    agrees(x -> x.matMul(x.getManager().ones(new Shape(4))), 1, 3, 4);
    agrees(x -> x.getManager().ones(new Shape(2, 3)).matMul(x), 1, 3, 4);
    agrees(x -> x.expandDims(1).matMul(x.expandDims(0).swapAxes(-1, -2)), 1, 3, 4);
    agrees(x -> x.flatten().matMul(x.flatten()), 1, 3);
    refuses(x -> x.batchDot(x), "NDArray.batchDot", "use batchMatMul");
  }

  @Test
  void reductions_secondOpenAxis_agrees() throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              long length = x.getShape().get(1);
              return new NDList(
                  x.sum(new int[] {1}).div(length),
                  x.mean(new int[] {1}, true).sub(x),
                  x.matMul(x.transpose(0, 2, 1)),
                  x.cumSum(1),
                  x.argMax(1),
                  x.sort(1));
            })
        .input(DataType.FLOAT32, 1, -1, 3)
        .axis(1, "length", 1, 4, 9)
        .holds();
  }

  private static void agrees(UnaryOperator<NDArray> function, long... shape)
      throws IOException, OrtException {
    Agreement.of(function).input(DataType.FLOAT32, shape).holds();
  }

  private static void refuses(UnaryOperator<NDArray> function, String... message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), new Shape(1, 5)))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }
}
