// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads arrays of any type. */
final class Contents {

  private Contents() {}

  /** Returns the content as numbers; integers beyond 2^53 are rounded. */
  static double[] numbers(NDArray array) {
    DataType type = array.getDataType();
    if (type == DataType.FLOAT16 || type == DataType.BFLOAT16) {
      try (NDArray wide = array.toType(DataType.FLOAT32, false)) {
        return numbers(wide);
      }
    }
    ByteBuffer bytes = array.toByteBuffer().order(ByteOrder.nativeOrder());
    double[] numbers = new double[bytes.remaining() / type.getNumOfBytes()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          switch (type) {
            case FLOAT32 -> bytes.getFloat();
            case FLOAT64 -> bytes.getDouble();
            case INT64 -> bytes.getLong();
            case INT32 -> bytes.getInt();
            case INT16 -> bytes.getShort();
            case INT8 -> bytes.get();
            case UINT8 -> bytes.get() & 0xff;
            case BOOLEAN -> bytes.get() == 0 ? 0 : 1;
            default -> throw new ExportException("arrays of " + type + " cannot be compared");
          };
    }
    return numbers;
  }
}
