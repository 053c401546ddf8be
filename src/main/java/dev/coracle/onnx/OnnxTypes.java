// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;

/** Converts types to and from ONNX's numbers: TensorProto.DataType of onnx.proto. */
final class OnnxTypes {

  private OnnxTypes() {}

  /**
   * Returns the number of a type.
   *
   * @throws ExportException when ONNX has no such type
   */
  static long elementType(DataType type) {
    return switch (type) {
      case FLOAT32 -> TensorProto.DataType.FLOAT_VALUE;
      case FLOAT64 -> TensorProto.DataType.DOUBLE_VALUE;
      case FLOAT16 -> TensorProto.DataType.FLOAT16_VALUE;
      case UINT8 -> TensorProto.DataType.UINT8_VALUE;
      case INT8 -> TensorProto.DataType.INT8_VALUE;
      case INT16 -> TensorProto.DataType.INT16_VALUE;
      case INT32 -> TensorProto.DataType.INT32_VALUE;
      case INT64 -> TensorProto.DataType.INT64_VALUE;
      case BOOLEAN -> TensorProto.DataType.BOOL_VALUE;
      default -> throw new ExportException("element type " + type + " has no translation yet");
    };
  }

  /** Returns the type of a number. */
  static DataType dataType(int number) {
    return switch (number) {
      case TensorProto.DataType.FLOAT_VALUE -> DataType.FLOAT32;
      case TensorProto.DataType.DOUBLE_VALUE -> DataType.FLOAT64;
      case TensorProto.DataType.FLOAT16_VALUE -> DataType.FLOAT16;
      case TensorProto.DataType.UINT8_VALUE -> DataType.UINT8;
      case TensorProto.DataType.INT8_VALUE -> DataType.INT8;
      case TensorProto.DataType.INT16_VALUE -> DataType.INT16;
      case TensorProto.DataType.INT32_VALUE -> DataType.INT32;
      case TensorProto.DataType.INT64_VALUE -> DataType.INT64;
      case TensorProto.DataType.BOOL_VALUE -> DataType.BOOLEAN;
      default -> throw GraphChecker.fault("element type " + number + " is unknown");
    };
  }

  /** Describes an input or output of a graph. */
  static ValueInfoProto describe(String name, Value value) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (DimExpr dim : value.shape()) {
      if (dim.isConstant()) {
        shape.addDimBuilder().setDimValue(dim.value());
      } else {
        shape.addDimBuilder().setDimParam(dim.toString());
      }
    }
    TypeProto.Tensor.Builder tensor =
        TypeProto.Tensor.newBuilder().setElemType((int) elementType(value.type())).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }
}
