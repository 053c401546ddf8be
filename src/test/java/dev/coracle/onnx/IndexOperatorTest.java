// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Indices, sorting and what belongs to it: each form in ONNX Runtime as in DJL. */
class IndexOperatorTest {

  @ParameterizedTest
  @ValueSource(
      strings = {
        ":",
        "...",
        ":, 1",
        ":, -1",
        "0",
        "-1",
        ":, 1:3",
        ":, :-1",
        ":, 1:",
        ":, -3:-1",
        ":, ::2",
        ":, 1:4:2",
        ":, 1:100",
        "..., 0",
        "..., 1:",
        ":, ..., 1",
        ":, 2, 1",
        "0, 1:, -1",
        ":, null, 1",
        "null",
        ":, :, null",
        "..., null",
        ":, 1:3, null, ::2",
        "0, null, 1, null",
        ":, 0:1, 2"
      })
  void get_string_agrees(String index) throws IOException, OrtException {
    agrees(x -> x.get(index), 1, 5, 4);
  }

  @Test
  void get_numbersThatFollowFromSizes_agrees() throws IOException, OrtException {
    agrees(x -> x.get(batch(x) - 1), 1, 5);
    agrees(x -> x.concat(x).get("{}:", batch(x)), 1, 5);
    agrees(x -> x.concat(x).get("1:{}", batch(x)).sum(new int[] {0}), 1, 5);
    agrees(x -> x.concat(x).concat(x).get("{}:-1", batch(x) + 1).mul(2), 1, 5);
    agrees(x -> x.get(0, 2), 1, 5);
    agrees(x -> x.getScalar(0, 2), 1, 5);
    Agreement.of(x -> x.get(":, {}", x.getShape().get(1) - 1))
        .input(DataType.FLOAT32, 1, -1, 3)
        .axis(1, "length", 1, 4, 9)
        .holds();
    Agreement.of(x -> x.get(":, 1:{}", x.getShape().get(1)).concat(x.get(":, :1"), 1))
        .input(DataType.FLOAT32, 1, -1, 3)
        .axis(1, "length", 1, 4, 9)
        .holds();
  }

  @Test
  void get_arrayOfIndices_agrees() throws IOException, OrtException {
    agrees(x -> x.transpose().get(indices(x, 2, 0, -1)), 1, 5);
    agrees(x -> x.get(new NDIndex(":, {}", indices(x, 2, 0, 1, 1))), 1, 5, 4);
    agrees(x -> x.get(new NDIndex(":, {}, 1", indices(x, 2, 0, 1, 1).reshape(2, 2))), 1, 5, 4);
    agrees(
        x -> x.get(new NDIndex("..., {}", indices(x, 2, 0).toType(DataType.FLOAT32, false))),
        1,
        5,
        4);
    agrees(x -> x.get(new NDIndex(":, 0, {}, null", indices(x, 2, 0))), 1, 5, 4);
    ofIndices(list -> list.head().get(new NDIndex(":, {}", list.get(1))), 3, 1, 4);
  }

  @Test
  void get_pick_agrees() throws IOException, OrtException {
    ofIndices(list -> list.head().get(new NDIndex().addAllDim().addPickDim(list.get(1))), 3, 1);
    ofIndices(list -> list.head().get(new NDIndex().addAllDim().addPickDim(list.get(1))), 3, 1, 2);
  }

  @Test
  void get_whatHasNoTranslation_isRefused() {
    refuses(x -> x.get(x.gt(0)), "NDArray.get", "depends on content");
    refuses(
        x -> x.get(new NDIndex("{}, {}", indices(x, 0, 1), indices(x, 0, 1))), "several arrays");
    refuses(x -> x.booleanMask(x.gt(0)), "NDArray.booleanMask", "depends on content");
    refuses(NDArray::nonzero, "NDArray.nonzero", "depends on content");
    refuses(x -> x.unique().head(), "NDArray.unique", "depends on content");
  }

  @Test
  void gather_agrees() throws IOException, OrtException {
    ofIndices(list -> list.head().gather(list.get(1), 1), 3, 1, 4);
    ofIndices(list -> list.head().gather(list.get(1).toType(DataType.INT32, false), -1), 3, 1, 1);
    ofIndices(list -> list.head().transpose().gather(list.get(1).transpose(), 0), 3, 1, 2);
  }

  @Test
  void gatherNd_agrees() throws IOException, OrtException {
    // index (M, …): M coordinates
    agrees(x -> x.gatherNd(indices(x, 0, 0).reshape(1, 2)), 1, 5, 4);
    agrees(x -> x.transpose(1, 0, 2).gatherNd(indices(x, 4, 0, 2).reshape(1, 3)), 1, 5, 4);
    agrees(x -> x.transpose(1, 2, 0).gatherNd(indices(x, 4, 0, 2, 3, 1, 0).reshape(2, 3)), 1, 5, 4);
    agrees(
        x -> x.transpose(1, 2, 0).gatherNd(indices(x, 4, 0, 2, 3, 1, 0, 2, 2).reshape(2, 2, 2)),
        1,
        5,
        4);
    ofIndices(list -> list.head().transpose().gatherNd(list.get(1).reshape(1, -1)), 3, 1, 2);
    ofIndices(
        list -> {
          NDArray rows = list.head().getManager().arange((int) batch(list.head())).reshape(1, -1);
          NDArray columns = list.get(1).reshape(1, -1);
          return list.head().gatherNd(rows.toType(DataType.INT64, false).concat(columns));
        },
        3,
        1);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void diagonal_agrees(DataType type) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              return new NDList(
                  x.diagonal(0, 1, 2),
                  x.diagonal(0, 2, 1),
                  x.diagonal(3, 1, 2),
                  x.diagonal(-4, -2, -1),
                  x.transpose(1, 2, 0).diagonal(),
                  x.transpose(1, 2, 0).diagonal(-2),
                  x.transpose(1, 0, 2).diagonal(1, 0, -1));
            })
        .input(type, 1, 5, 4)
        .holds();
  }

  @Test
  void diagonal_ofDynamicAxes_agrees() throws IOException, OrtException {
    for (int offset : new int[] {0, 1, -1}) {
      Agreement.of(x -> x.matMul(x.transpose()).diagonal(offset))
          .input(DataType.FLOAT32, 1, 5)
          .batches(2, 3, 9)
          .holds();
    }
  }

  /** Its length is that of the shorter axis, which sizes that were not traced may change. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 5, 8, 17, 18, 100})
  void diagonal_ofADynamicAndAFixedAxis_isRefused(long width) {
    for (Block block :
        List.of(
            Exports.lambda(NDArray::diagonal),
            Exports.lambda(x -> x.diagonal(-1)),
            Exports.lambda(x -> x.diagonal(0, 1, 0)))) {
      assertThatThrownBy(() -> Exports.model(block, new Shape(1, width)))
          .isInstanceOf(ExportException.class)
          .hasMessageContaining("NDArray.diagonal");
    }
  }

  @Test
  void takePutScatter_agrees() throws IOException, OrtException {
    agrees(x -> x.take(indices(x, 0, 2, 1, -1)), 1, 5);
    agrees(x -> x.take(indices(x, 0, 2, 1, -1).reshape(2, 2)), 1, 5, 4);
    agrees(x -> x.put(indices(x, 0, 2), x.getManager().create(new float[] {7, 8})), 1, 5);
    agrees(x -> x.put(indices(x, 3), x.sum().reshape(1)), 1, 2, 2);
    ofIndices(
        list -> list.head().scatter(list.get(1), list.head().get(":, :1").mul(2), 1), 3, 1, 1);
    refuses(
        x -> x.scatter(indices(x, 0, 1).reshape(1, 2), x.getManager().ones(new Shape(3, 5)), 1),
        "expected the same shape");
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void index_everyType_agrees(DataType type) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              return new NDList(
                  x.get(":, 1:"),
                  x.get(":, -1"),
                  x.get(new NDIndex(":, {}", list.get(1).sum().expandDims(0).mul(0))),
                  x.gather(list.get(1), 1),
                  x.take(list.get(1)));
            })
        .input(type, 1, 3)
        .between(0, 3, DataType.INT64, 1, 2)
        .holds();
  }

  @Test
  void oneHot_agrees() throws IOException, OrtException {
    for (DataType type : new DataType[] {DataType.INT64, DataType.INT32, DataType.UINT8}) {
      Agreement.of(x -> x.oneHot(4)).between(0, 4, type, 1, 3).holds();
    }
    Agreement.of(x -> x.oneHot(3)).between(0, 0.99, DataType.FLOAT32, 1).holds();
    for (DataType type : new DataType[] {DataType.INT64, DataType.FLOAT64, DataType.BOOLEAN}) {
      Agreement.of(x -> x.oneHot(4, type)).between(0, 4, DataType.INT64, 1).holds();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT32", "INT64"})
  void order_everyType_agrees(DataType type) throws IOException, OrtException {
    int high = type == DataType.UINT8 ? 250 : 1000; // no two equal
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              NDList largest = x.topK(2, 1);
              NDList smallest = x.topK(3, -1, false, true);
              return new NDList(
                  largest.get(0),
                  largest.get(1),
                  smallest.get(0),
                  smallest.get(1),
                  x.sort(),
                  x.sort(1),
                  x.argSort(),
                  x.argSort(1),
                  x.argSort(1, false),
                  x.argMax(1),
                  x.argMin(-1),
                  x.argMax(),
                  x.argMin());
            })
        .between(0, high, type, 1, 4)
        .holds();
  }

  @Test
  void order_alongTheBatch_agrees() throws IOException, OrtException {
    agrees(x -> x.argSort(0), 1, 3);
    agrees(x -> x.sort(0), 1, 3);
    agrees(x -> x.argMax(0), 1, 3);
    agrees(x -> x.sum(new int[] {1}).argMax(), 1, 3);
    agrees(x -> x.sum().argMax(), 1, 3);
  }

  @Test
  void topK_unsorted_isRefused() {
    refuses(x -> x.topK(2, 1, true, false).head(), "sorted=false");
  }

  @Test
  void argMax_equalElements_isTheFirst() throws IOException, OrtException {
    agrees(x -> x.mul(0).argMax(1), 1, 6);
    agrees(x -> x.mul(0).argMin(1), 1, 6);
    Agreement.of(x -> x.argSort(1)).between(0, 2, DataType.INT64, 1, 9).holds();
    Agreement.of(x -> x.argSort(1, false)).between(0, 2, DataType.INT64, 1, 9).holds();
  }

  private static NDArray indices(NDArray x, long... indices) {
    return x.getManager().create(indices);
  }

  private static long batch(NDArray x) {
    return x.getShape().get(0);
  }

  private static void agrees(UnaryOperator<NDArray> function, long... shape)
      throws IOException, OrtException {
    Agreement.of(function).input(DataType.FLOAT32, shape).holds();
  }

  /** Of a float (batch, high) and int64 indices below {@code high}. */
  private static void ofIndices(Function<NDList, NDArray> function, int high, long... shape)
      throws IOException, OrtException {
    Agreement.ofList(list -> new NDList(function.apply(list)))
        .input(DataType.FLOAT32, 1, high)
        .between(0, high, DataType.INT64, shape)
        .holds();
  }

  private static void refuses(UnaryOperator<NDArray> function, String... message) {
    Block block = Exports.lambda(function);
    assertThatThrownBy(() -> Exports.model(block, new Shape(1, 5)))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }
}
