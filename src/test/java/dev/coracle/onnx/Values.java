// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What an array of DJL and a tensor of ONNX Runtime have in common, copied out of native memory.
 *
 * @param numbers in row-major order; false is 0 and true is 1
 */
@SuppressWarnings("ArrayRecordComponent") // compared by what follows alone
record Values(OnnxJavaType type, long[] shape, double[] numbers) {

  static Values of(NDArray array) {
    try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
      return new Values(
          type(array.getDataType()), array.getShape().getShape(), wide.toDoubleArray());
    }
  }

  static Values of(OnnxTensor tensor) {
    OnnxJavaType type = tensor.getInfo().type;
    double[] numbers = new double[Math.toIntExact(tensor.getInfo().getNumElements())];
    ByteBuffer bytes = tensor.getByteBuffer().order(ByteOrder.nativeOrder());
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          switch (type) {
            case FLOAT -> bytes.getFloat();
            case DOUBLE -> bytes.getDouble();
            case UINT8 -> bytes.get() & 0xff;
            case INT8, BOOL -> bytes.get();
            case INT32 -> bytes.getInt();
            case INT64 -> bytes.getLong();
            default -> throw new IllegalArgumentException(type.toString());
          };
    }
    return new Values(type, tensor.getInfo().getShape(), numbers);
  }

  /** Returns ONNX Runtime's name of a type. */
  static OnnxJavaType type(DataType type) {
    return switch (type) {
      case FLOAT32 -> OnnxJavaType.FLOAT;
      case FLOAT64 -> OnnxJavaType.DOUBLE;
      case UINT8 -> OnnxJavaType.UINT8;
      case INT8 -> OnnxJavaType.INT8;
      case INT32 -> OnnxJavaType.INT32;
      case INT64 -> OnnxJavaType.INT64;
      case BOOLEAN -> OnnxJavaType.BOOL;
      default -> throw new IllegalArgumentException(type.toString());
    };
  }

  /** Returns the same numbers in another shape. */
  Values reshaped(long... other) {
    return new Values(type, other, numbers);
  }

  /** Asserts that there is no NaN, which agrees with NaN and hides what led to it. */
  Values withoutNan(String what) {
    assertThat(Arrays.stream(numbers).anyMatch(Double::isNaN)).as("NaN in " + what).isFalse();
    return this;
  }

  /**
   * Asserts equal types, equal shapes, and equal numbers, where NaN equals itself.
   *
   * @param tolerance relative to the larger of the expected number and 1
   */
  void assertClose(String what, Values expected, double tolerance) {
    assertThat(type).as(what).isEqualTo(expected.type);
    assertThat(shape).as(what).isEqualTo(expected.shape);
    assertThat(numbers).as(what).hasSameSizeAs(expected.numbers);
    for (int i = 0; i < numbers.length; i++) {
      double number = expected.numbers[i];
      double error = Math.abs(number - numbers[i]);
      boolean close = error <= tolerance * Math.max(1, Math.abs(number));
      close &= Double.isFinite(error); // or anything were close to infinity
      // Not isEqualTo alone: one assertion a number would dominate the time of these tests.
      if (!close && Double.compare(number, numbers[i]) != 0) {
        assertThat(numbers[i]).as("%s, [%d]", what, i).isEqualTo(number);
      }
    }
  }
}
