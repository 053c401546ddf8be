// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Arithmetic, functions and comparisons with PyTorch's promotion of types: each in ONNX Runtime as
 * in DJL, in shape, type and value.
 */
class ArithmeticOperatorTest {

  private static final List<DataType> TYPES =
      List.of(
          DataType.FLOAT32,
          DataType.FLOAT64,
          DataType.UINT8,
          DataType.INT8,
          DataType.INT32,
          DataType.INT64,
          DataType.BOOLEAN);

  private static final List<BinaryOperator<NDArray>> BINARY =
      List.of(
          NDArray::add,
          NDArray::mul,
          NDArray::div,
          NDArray::maximum,
          NDArray::minimum,
          NDArray::eq,
          NDArray::neq,
          NDArray::gt,
          NDArray::gte,
          NDArray::lt,
          NDArray::lte,
          NDArray::logicalAnd,
          NDArray::logicalOr,
          NDArray::logicalXor);

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void binary_everyPairOfTypes_agrees(DataType left) throws IOException, OrtException {
    for (DataType right : TYPES) {
      if (List.of(DataType.INT8, DataType.UINT8).containsAll(List.of(left, right))
          && left != right) {
        continue; // int16, which DJL's PyTorch engine does not know
      }
      Agreement.ofList(
              list -> {
                NDList results = new NDList();
                for (var operation : BINARY) {
                  results.add(operation.apply(list.get(0), list.get(1)));
                }
                if (left != DataType.BOOLEAN && right != DataType.BOOLEAN) {
                  results.add(list.get(0).sub(list.get(1)));
                }
                return results;
              })
          .input(left, 1, 3)
          .input(right, 1, 3)
          .orNaN() // 0 / 0
          .holds();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void numbers_everyType_agrees(DataType type) throws IOException, OrtException {
    for (Number number : new Number[] {2, 2L, 1.5f, -0.7, (byte) 3, 300, 0.0}) {
      Agreement.ofList(
              list -> {
                NDArray x = list.head();
                NDArray scalar = x.sum(new int[] {1}).sum(); // promoted in another way
                NDList results = new NDList(x.add(number), x.mul(number), x.div(number));
                results.addAll(new NDList(x.maximum(number), x.minimum(number)));
                results.addAll(new NDList(x.eq(number), x.neq(number), x.gt(number)));
                results.addAll(new NDList(x.gte(number), x.lt(number), x.lte(number)));
                results.addAll(new NDList(scalar.add(number), scalar.lt(number)));
                results.addAll(new NDList(x.eq(scalar), x.add(scalar), scalar.gt(x)));
                if (type != DataType.BOOLEAN) {
                  results.add(x.sub(number));
                  results.add(x.getNDArrayInternal().rdiv(number));
                  results.add(x.getNDArrayInternal().rsub(number));
                }
                return results;
              })
          .input(type, 1, 4)
          .orNaN() // 0 / 0
          .holds();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT8", "INT32", "INT64"})
  void mod_signOfTheDivisor_agrees(DataType type) throws IOException, OrtException {
    boolean signed = type != DataType.UINT8;
    for (int divisor : signed ? new int[] {3, -3} : new int[] {3}) {
      Agreement.of(x -> x.mod(divisor)).between(signed ? -9 : 0, 9, type, 1, 8).holds();
    }
    Agreement.ofList(
            list -> {
              NDArray positive = list.get(1).abs().add(1);
              NDList results = new NDList(list.get(0).mod(positive), list.get(0).mod(2.5f));
              if (signed) {
                results.add(list.get(0).mod(positive.neg()));
              }
              return results;
            })
        .between(signed ? -9 : 0, 9, type, 1, 8)
        .between(0, 5, type, 1, 8)
        .holds();
  }

  @Test
  void pow_agrees() throws IOException, OrtException {
    for (Number exponent : new Number[] {2, 3L, 0.5f, -1.5, 0}) {
      Agreement.of(x -> x.abs().add(0.1).pow(exponent)).input(DataType.FLOAT32, 1, 4).holds();
      Agreement.of(x -> x.abs().add(0.1).pow(exponent)).input(DataType.FLOAT64, 1, 4).holds();
    }
    Agreement.of(x -> x.abs().pow(x)).input(DataType.FLOAT32, 1, 9).holds();
    Agreement.of(x -> x.getNDArrayInternal().rpow(2)).input(DataType.FLOAT32, 1, 9).holds();
    for (DataType type : new DataType[] {DataType.UINT8, DataType.INT8, DataType.INT64}) {
      for (int exponent : new int[] {1, 2, 3, 8}) {
        Agreement.of(x -> x.pow(exponent)).input(type, 1, 9).holds(); // and wraps
      }
    }
    refuses(x -> x.toType(DataType.INT32, false).pow(-1), "powers of whole numbers");
    refuses(x -> x.toType(DataType.INT32, false).pow(9), "powers of whole numbers");
  }

  @Test
  void functions_float32_agrees() throws IOException, OrtException {
    functions(DataType.FLOAT32, FUNCTIONS);
    functions(DataType.FLOAT32, FLOAT32_FUNCTIONS);
  }

  @Test
  void functions_float64_agreesOrIsRefused() throws IOException, OrtException {
    functions(DataType.FLOAT64, FUNCTIONS);
    for (var function : FLOAT32_FUNCTIONS) {
      refuses(
          x -> function.apply(x.toType(DataType.FLOAT64, false)), "float64", "convert with toType");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"UINT8", "INT8", "INT32", "INT64"})
  void functions_wholeNumbers_agrees(DataType type) throws IOException, OrtException {
    functions(type, FUNCTIONS);
    functions(type, FLOAT32_FUNCTIONS);
  }

  private static final List<UnaryOperator<NDArray>> FUNCTIONS =
      List.of(
          NDArray::neg,
          NDArray::abs,
          NDArray::sign,
          NDArray::square,
          NDArray::exp,
          NDArray::log,
          NDArray::log10,
          NDArray::log2,
          NDArray::sqrt,
          NDArray::cbrt,
          NDArray::sin,
          NDArray::tanh,
          NDArray::floor,
          NDArray::ceil,
          NDArray::round,
          NDArray::trunc,
          NDArray::toDegrees,
          NDArray::toRadians,
          x -> x.clip(-1, 2),
          x -> x.clip(-0.5, 1.5f),
          x -> x.clip(2, 1));

  private static final List<UnaryOperator<NDArray>> FLOAT32_FUNCTIONS =
      List.of(
          NDArray::cos,
          NDArray::tan,
          NDArray::asin,
          NDArray::acos,
          NDArray::atan,
          NDArray::sinh,
          NDArray::cosh,
          NDArray::erf);

  private static void functions(DataType type, List<UnaryOperator<NDArray>> functions)
      throws IOException, OrtException {
    // NaN as the logarithm and the root of what is below 0.
    Agreement.of(Exports.all(functions)).input(type, 1, 9).orNaN().holds();
  }

  @Test
  void round_halves_goToEven() throws IOException, OrtException {
    Agreement.of(x -> x.toType(DataType.FLOAT32, false).div(2).round())
        .between(-9, 9, DataType.INT32, 1, 20)
        .holds();
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64", "UINT8", "INT8", "INT32", "INT64", "BOOLEAN"})
  void xlogy_ofZeroAndWhatIsNoNumber_agrees(DataType type) throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.get(0);
              NDArray y = list.get(1);
              NDArray zero = y.mul(0);
              return new NDList(
                  x.xlogy(y),
                  y.xlogy(x),
                  zero.xlogy(y),
                  zero.xlogy(x),
                  zero.xlogy(zero),
                  zero.xlogy(y.sub(4).sqrt())); // of a negative one
            })
        .between(0, 3, type, 1, 9)
        .between(-1, 3, DataType.FLOAT32, 1, 9)
        .orNaN()
        .holds();
  }

  @Test
  void notANumberAndInfinity_agrees() throws IOException, OrtException {
    Agreement.ofList(
            list -> {
              NDArray x = list.head();
              NDArray nan = x.sub(2).sqrt(); // of a negative one
              NDArray infinite = x.div(0);
              NDArray cut = nan.clip(0, 1);
              return new NDList(
                  nan.isNaN(),
                  infinite.isNaN(),
                  infinite.isInfinite(),
                  nan.isInfinite(),
                  nan.eq(nan),
                  nan.neq(nan),
                  nan.gte(0),
                  nan.lte(nan),
                  nan.maximum(0.5),
                  nan.minimum(x),
                  cut,
                  nan.sign(),
                  nan.max(), // first in these numbers: after others, ReduceMax may drop it
                  infinite.min(),
                  nan.toType(DataType.BOOLEAN, false));
            })
        .between(-2, 3, DataType.FLOAT32, 1, 9)
        .orNaN()
        .holds();
  }

  @Test
  void inPlace_agrees() throws IOException, OrtException {
    Agreement.of(x -> x.add(0).addi(1).subi(3).muli(x).divi(2).modi(2).negi().signi())
        .input(DataType.FLOAT32, 1, 9)
        .holds();
    Agreement.of(x -> x.abs().powi(2).getNDArrayInternal().rsubi(1))
        .input(DataType.FLOAT32, 1, 9)
        .holds();
  }

  @Test
  void where_everyType_agrees() throws IOException, OrtException {
    for (DataType type : TYPES) {
      Agreement.ofList(
              list ->
                  new NDList(
                      NDArrays.where(list.get(1), list.get(0), list.get(0).logicalNot()),
                      NDArrays.where(list.get(1), list.get(0), list.get(2))))
          .input(type, 1, 4)
          .input(DataType.BOOLEAN, 1, 4)
          .input(DataType.FLOAT32, 1, 4)
          .holds();
    }
  }

  @Test
  void toType_everyPair_agrees() throws IOException, OrtException {
    for (DataType from : TYPES) {
      Agreement.ofList(
              list -> {
                NDList results = new NDList();
                for (DataType to : TYPES) {
                  results.add(list.head().toType(to, true).add(0));
                }
                return results;
              })
          .input(from, 1, 4)
          .holds();
    }
  }

  @Test
  void constants_ofOtherShapes_agrees() throws IOException, OrtException {
    Agreement.of(x -> x.getManager().create(new int[] {1, 2, 3}).sub(x))
        .input(DataType.FLOAT32, 1, 3)
        .holds();
    Agreement.of(x -> x.getManager().create(2.5).gt(x)).input(DataType.INT32, 1, 3).holds();
    Agreement.of(x -> x.add(x.getShape().get(0)).gt(x.getShape().get(0)))
        .input(DataType.INT64, 1, 3)
        .holds();
  }

  @Test
  void composed_agrees() throws IOException, OrtException {
    Agreement.of(x -> x.zerosLike().add(x.onesLike()).mul(x)).input(DataType.FLOAT32, 1, 3).holds();
    Agreement.of(x -> x.scaleGradient(0.3)).input(DataType.FLOAT32, 1, 3).holds();
    Agreement.of(x -> x.getNDArrayInternal().toTensor())
        .between(0, 255, DataType.UINT8, 1, 4, 5, 3)
        .holds();
    Agreement.of(
            x ->
                x.getNDArrayInternal()
                    .normalize(new float[] {.1f, .2f, .3f}, new float[] {.4f, .5f, .6f}))
        .input(DataType.FLOAT32, 1, 3, 4, 5)
        .holds();
    Agreement.of(x -> x.getNDArrayInternal().crop(1, 2, 3, 2))
        .input(DataType.FLOAT32, 1, 5, 6, 3)
        .holds();
  }

  @Test
  void refusals_sayWhy() {
    refuses(NDArray::gammaln, "NDArray.gammaln", "ONNX has no such operator");
    refuses(NDArray::gammaln, "NDArray.gammaln", "ONNX has no such operator");
    refuses(NDArray::asinh, "NDArray.asinh", "PyTorch engine does not implement it");
    refuses(x -> x.add(1L << 60), "larger than 2^53", "NDArray.add");
    refuses(
        x -> x.toType(DataType.FLOAT16, false).add(1).toType(DataType.FLOAT32, false), "float16");
    refuses(x -> x.toType(DataType.INT32, false).mod(0), "ZeroDivisionError");
  }

  private static void refuses(UnaryOperator<NDArray> function, String... message) {
    assertThatThrownBy(() -> Exports.model(Exports.lambda(function), new Shape(1, 5)))
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }
}
