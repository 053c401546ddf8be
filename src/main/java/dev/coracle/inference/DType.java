// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxJavaType;
import java.util.Locale;

/** Element types of a {@link Tensor}: those for which ONNX Runtime's Java API takes a buffer. */
public enum DType {
  FLOAT32(4),
  FLOAT64(8),
  /** IEEE 754 binary16. */
  FLOAT16(2),
  /** The upper half of a float32. */
  BFLOAT16(2),
  INT8(1),
  /** Unsigned: a Java byte {@code b} stands for {@code b & 0xff}. */
  UINT8(1),
  INT16(2),
  INT32(4),
  INT64(8),
  /** A byte, 0 or 1. */
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the size of an element in bytes. */
  public int bytes() {
    return bytes;
  }

  static DType of(OnnxJavaType type) {
    return switch (type) {
      case FLOAT -> FLOAT32;
      case DOUBLE -> FLOAT64;
      default -> valueOf(type.name());
    };
  }

  /** Returns the name in lower case, for example {@code float32}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
