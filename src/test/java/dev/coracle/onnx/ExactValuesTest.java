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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
