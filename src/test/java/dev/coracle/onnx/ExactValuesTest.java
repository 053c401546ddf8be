// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.LayerNorm;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.coracle.inference.DType;
import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.OnnxModel;
import dev.coracle.inference.Tensor;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What random numbers do not show: values at which a result jumps, or that only some have room for.
 * Each block is verified on these, in ONNX Runtime, as it is exported.
 */
class ExactValuesTest {

  private final NDManager manager = NDManager.newBaseManager();
  private final Path file;

  ExactValuesTest(@TempDir Path folder) {
    this.file = folder.resolve("model.onnx");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private VerificationReport verify(UnaryOperator<NDArray> block, NDArray... examples)
      throws IOException {
    NDArray first = examples[0];
    long[] shape = first.getShape().getShape().clone();
    shape[0] = 1;
    OnnxExporter exporter =
        OnnxExporter.builder()
            .block(Exports.lambda(block))
            .input("x", new Shape(shape), first.getDataType());
    for (NDArray example : examples) {
      exporter.exampleInputs(new NDList(example));
    }
    VerificationReport report = exporter.export(file).verification().orElseThrow();
    assertThat(report.compared()).isNotEmpty();
    return report;
  }

  private NDArray column(DataType type, DoubleStream values) {
    double[] numbers = values.toArray();
    return manager.create(numbers).toType(type, false).reshape(numbers.length, 1);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64"})
  void logarithm_ofPowers_isWhole(DataType type) throws IOException {
    NDArray twos = column(type, IntStream.rangeClosed(-60, 60).mapToDouble(k -> Math.pow(2, k)));
    NDArray tens = column(type, IntStream.rangeClosed(0, 10).mapToDouble(k -> Math.pow(10, k)));
    verify(x -> x.log2().floor(), twos);
    verify(x -> x.log2().ceil(), twos);
    verify(x -> x.log10().floor(), tens);
    verify(x -> x.log10().ceil(), tens);
    NDArray odd = column(type, DoubleStream.of(0, -1, 3, 1.0 / 0, 0.0 / 0, 1e30, 1e-30));
    verify(NDArray::log2, odd);
    verify(NDArray::log10, odd);
  }

  /** ONNX Runtime's own kernels compare the lower halves of these, as signed numbers. */
  @Test
  void extremesAndSigns_ofLongsThatNeedBothHalves_areThoseOfDjl() throws IOException {
    NDArray longs =
        manager.create(
            new long[] {
              2_895_469_865L,
              3_000_000_000L,
              -3_000_000_000L,
              4,
              2_147_483_648L,
              -5,
              1_756_621_172_420L,
              1_753_659_416_480L,
              Long.MIN_VALUE,
              Long.MAX_VALUE,
              0,
              1
            },
            new Shape(4, 3));
    verify(x -> x.clip(0, 1000), longs);
    verify(x -> x.clip(0, 5_000_000_000L), longs);
    verify(x -> x.maximum(x.flip(1)), longs);
    verify(x -> x.minimum(x.flip(1)), longs);
    verify(x -> x.maximum(1_754_000_000_000L), longs);
    verify(NDArray::sign, longs);
    verify(x -> x.max(new int[] {1}), longs);
    verify(x -> x.min(new int[] {-1}, true), longs);
    verify(x -> x.add(x.max()), longs);
    verify(x -> x.sub(x.min()), longs);
    verify(
        x -> x.toType(DataType.FLOAT64, false).toType(DataType.INT64, false),
        longs.div(1 << 20).toType(DataType.INT64, false));
    verify(x -> x.toType(DataType.INT32, false), longs);
  }

  /** Of the smallest number by -1, the processor's division would end the process. */
  @ParameterizedTest
  @EnumSource(names = {"INT32", "INT64"})
  void mod_ofTheSmallestNumberByMinusOne_isZero(DataType type) throws Exception {
    boolean isLong = type == DataType.INT64;
    NDArray example =
        manager.create(new long[] {7, -3, 5, -2}, new Shape(2, 2)).toType(type, false);
    verify(x -> x.mod(-1), example);
    Path byInput = file.resolveSibling("input.onnx");
    OnnxExporter.builder()
        .block(Exports.lambda(x -> x.get(":, 0").mod(x.get(":, 1"))))
        .input("x", new Shape(1, 2), type)
        .exampleInputs(new NDList(example))
        .export(byInput);
    Tensor least =
        isLong
            ? Tensor.of(LongBuffer.wrap(new long[] {Long.MIN_VALUE, -1, 7, -3}), 2, 2)
            : Tensor.of(IntBuffer.wrap(new int[] {Integer.MIN_VALUE, -1, 7, -3}), 2, 2);
    for (Path each : List.of(file, byInput)) {
      try (OnnxModel model = OnnxModel.open(each)) {
        Tensor answer = Objects.requireNonNull(model.run(Map.of("x", least)).get("output_0"));
        List<Long> expected = each.equals(file) ? List.of(0L, 0L, 0L, 0L) : List.of(0L, -2L);
        assertThat(numbers(answer)).isEqualTo(expected);
      }
    }
  }

  private static List<Long> numbers(Tensor tensor) {
    List<Long> numbers = new ArrayList<>();
    if (tensor.dtype() == DType.INT64) {
      LongBuffer longs = tensor.longs();
      while (longs.hasRemaining()) {
        numbers.add(longs.get());
      }
    } else {
      IntBuffer ints = tensor.ints();
      while (ints.hasRemaining()) {
        numbers.add((long) ints.get());
      }
    }
    return numbers;
  }

  @Test
  void sorting_ofNoRows_isRefusedWhereItIsRun() throws IOException {
    NDArray rows = manager.arange(12f).reshape(3, 4);
    for (UnaryOperator<NDArray> sorting :
        List.<UnaryOperator<NDArray>>of(
            x -> x.topK(2, 1).get(0), x -> x.argSort(1), x -> x.median(new int[] {1}))) {
      verify(sorting, rows);
      try (OnnxModel model = OnnxModel.open(file)) {
        Map<String, Tensor> none = Map.of("x", Tensor.of(new float[0], 0, 4));
        assertThatThrownBy(() -> model.run(none))
            .isInstanceOf(InvalidInputException.class)
            .hasMessageContaining("as the model has TopK");
      }
    }
  }

  @Test
  void logarithm_ofWholeNumbers_isThatOfDjl() throws IOException {
    NDArray numbers = column(DataType.INT64, IntStream.rangeClosed(1, 1 << 14).asDoubleStream());
    verify(x -> x.log2().floor().toType(DataType.INT64, false), numbers);
    verify(x -> x.log10().floor().toType(DataType.INT64, false), numbers);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64"})
  void toType_bytesOfWhatDoesNotFit_wrapRound(DataType type) throws IOException {
    NDArray numbers = column(type, DoubleStream.of(-300.7, -1, -0.5, 0, 255.9, 256, 382.5, 70_000));
    verify(x -> x.toType(DataType.UINT8, false).add(0), numbers);
  }

  /** ONNX Runtime makes one of several conversions. */
  @Test
  void toType_severalTimes_roundsAndWrapsEachTime() throws IOException {
    NDArray near = column(DataType.FLOAT32, DoubleStream.of(2.9999, 0.99999, 126.99, -7.9999));
    verify(x -> x.toType(DataType.FLOAT16, false).toType(DataType.INT8, false), near);
    NDArray nearer = column(DataType.FLOAT64, DoubleStream.of(2.99999999999, -0.99999999999));
    verify(x -> x.toType(DataType.FLOAT32, false).toType(DataType.INT8, false), nearer);
    NDArray whole = column(DataType.INT32, DoubleStream.of(16_777_217, 33_554_433, 5));
    verify(x -> x.toType(DataType.FLOAT32, false).toType(DataType.INT8, false), whole);
    NDArray large = column(DataType.FLOAT64, DoubleStream.of(3e9, -3e9, 4_294_967_301.0, -1, 7));
    verify(x -> x.toType(DataType.INT64, false).toType(DataType.INT32, false), large);
    verify(x -> x.toType(DataType.INT64, false).sum().toType(DataType.INT32, false).add(x), near);
  }

  /** In float32 the four numbers would be one. */
  @Test
  void layerNorm_float64_computesInIt() throws IOException {
    NDArray gamma = manager.ones(new Shape(4), DataType.FLOAT64);
    NDArray beta = manager.zeros(new Shape(4), DataType.FLOAT64);
    NDArray row = manager.create(new double[] {1e8, 1e8 + 1, 1e8 + 2, 1e8 + 3}).reshape(1, 4);
    verify(
        x -> {
          NDArray scale = x.getManager().from(gamma);
          NDArray shift = x.getManager().from(beta);
          return LayerNorm.layerNorm(x, new Shape(4), scale, shift, 1e-5f).head();
        },
        row);
    assertThat(Exports.parse(Files.readAllBytes(file)).getGraph().getNodeList())
        .extracting(NodeProto::getOpType)
        .contains("ReduceMean")
        .doesNotContain("LayerNormalization");
  }

  @Test
  void arguments_thatTheBlockChangesAfterwards_areThoseOfTheCall() throws IOException {
    verify(
        x -> {
          int[] axes = {1};
          NDArray rows = x.sum(axes);
          axes[0] = 2;
          return rows.sub(x.sum(axes));
        },
        manager.arange(18f).reshape(2, 3, 3));
  }

  @Test
  void write_resultOfAWiderType_isCastBack() throws IOException {
    NDArray numbers = manager.arange(6f).reshape(2, 3).add(0.5f);
    verify(
        x -> {
          NDArray sum = x.sum();
          sum.addi(1e-5);
          return x.div(sum);
        },
        numbers);
    verify(
        x -> {
          NDArray narrow = x.toType(DataType.INT32, true).add(0);
          narrow.muli(x.toType(DataType.INT64, false).add(3));
          return narrow;
        },
        numbers);
    assertThatThrownBy(
            () ->
                verify(
                    x -> {
                      NDArray whole = x.toType(DataType.INT32, true).add(0);
                      return whole.addi(x);
                    },
                    numbers))
        .isInstanceOf(ExportException.class);
  }

  /** Dropout gives its argument back in inference. */
  @Test
  void dropout_ofAnArrayThatWasWritten_sharesItsMemory() {
    NDArray numbers = manager.arange(6f).reshape(2, 3);
    assertThatThrownBy(
            () ->
                verify(
                    x -> {
                      NDArray y = x.mul(2);
                      y.addi(1);
                      NDArray same = y.getNDArrayInternal().dropout(y, 0.5f, false).head();
                      y.addi(5);
                      return same.mul(1);
                    },
                    numbers))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("may be a view");
  }

  @ParameterizedTest
  @EnumSource(names = {"INT8", "UINT8", "INT32", "INT64"})
  void arange_asLongAsTheBatch_isOfItsType(DataType type) throws IOException {
    verify(
        x -> {
          int rows = Math.toIntExact(x.getShape().get(0));
          return x.add(x.getManager().arange(0, rows, 1, type).reshape(rows, 1));
        },
        manager.ones(new Shape(5, 2)));
  }

  @Test
  void sort_oneNumber_isItself() throws IOException {
    verify(x -> x.sub(x.sum().sort()), manager.arange(6f).reshape(2, 3));
  }
}
