// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;

/** Writes numbers in the element types of ONNX, little-endian. */
final class Numbers {

  private Numbers() {}

  static void put(ByteBuffer data, double value, DataType type) {
    switch (type) {
      case FLOAT32 -> data.putFloat((float) value);
      case FLOAT64 -> data.putDouble(value);
      case INT64 -> data.putLong((long) value);
      case INT32 -> data.putInt((int) value);
      case INT16 -> data.putShort((short) value);
      case INT8, UINT8 -> data.put((byte) value);
      case BOOLEAN -> data.put((byte) (value == 0 ? 0 : 1));
      default -> throw new ExportException("a number of type " + type + " has no translation yet");
    }
  }

  /** Returns an array of one number as a tensor of shape (1), the form required in attributes. */
  static TensorProto tensor(NDArray one) {
    return TensorProto.newBuilder()
        .setDataType((int) OnnxTypes.elementType(one.getDataType()))
        .addDims(1)
        .setRawData(ByteString.copyFrom(one.toByteBuffer()))
        .build();
  }
}
