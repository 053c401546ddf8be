// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import org.jspecify.annotations.Nullable;

/**
 * Lists the element types of ONNX tensors ({@code TensorProto.DataType} of ONNX 1.20), with their
 * size in bits, 0 where it varies, and the field that holds them where {@code raw_data} does not.
 */
enum ElementType {
  FLOAT(1, 32, "float_data"),
  UINT8(2, 8, "int32_data"),
  INT8(3, 8, "int32_data"),
  UINT16(4, 16, "int32_data"),
  INT16(5, 16, "int32_data"),
  INT32(6, 32, "int32_data"),
  INT64(7, 64, "int64_data"),
  STRING(8, 0, "string_data"),
  BOOL(9, 8, "int32_data"),
  FLOAT16(10, 16, "int32_data"),
  DOUBLE(11, 64, "double_data"),
  UINT32(12, 32, "uint64_data"),
  UINT64(13, 64, "uint64_data"),
  COMPLEX64(14, 64, "float_data"),
  COMPLEX128(15, 128, "double_data"),
  BFLOAT16(16, 16, "int32_data"),
  FLOAT8E4M3FN(17, 8, "int32_data"),
  FLOAT8E4M3FNUZ(18, 8, "int32_data"),
  FLOAT8E5M2(19, 8, "int32_data"),
  FLOAT8E5M2FNUZ(20, 8, "int32_data"),
  UINT4(21, 4, "int32_data"),
  INT4(22, 4, "int32_data"),
  FLOAT4E2M1(23, 4, "int32_data"),
  FLOAT8E8M0(24, 8, "int32_data"),
  UINT2(25, 2, "int32_data"),
  INT2(26, 2, "int32_data");

  private final int number;
  private final int bits;
  private final String typedField;

  ElementType(int number, int bits, String typedField) {
    this.number = number;
    this.bits = bits;
    this.typedField = typedField;
  }

  /** Returns the type that a number in the file denotes, or null if there is none. */
  static @Nullable ElementType of(long number) {
    for (ElementType type : values()) {
      if (type.number == number) {
        return type;
      }
    }
    return null;
  }

  String typedField() {
    return typedField;
  }

  /** Returns how many bytes that many elements take; those below 8 bits are packed. */
  long bytes(long elements) {
    return bits > 0 && bits < 8
        ? (elements + 8 / bits - 1) / (8 / bits)
        : Math.multiplyExact(elements, (long) bits / 8);
  }

  /** Returns how many values of {@link #typedField} that many elements take. */
  long typedValues(long elements) {
    return switch (this) {
      case COMPLEX64, COMPLEX128 -> Math.multiplyExact(elements, 2L);
      case UINT4, INT4, FLOAT4E2M1, UINT2, INT2 -> bytes(elements);
      default -> elements;
    };
  }

  /** Returns the type in which Java hands such elements to ONNX Runtime, or null if it cannot. */
  @Nullable DType dtype() {
    return switch (this) {
      case FLOAT -> DType.FLOAT32;
      case DOUBLE -> DType.FLOAT64;
      case UINT8, INT8, INT16, INT32, INT64, BOOL, FLOAT16, BFLOAT16 -> DType.valueOf(name());
      default -> null;
    };
  }
}
