// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo.OnnxTensorType;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Element types of a {@link Tensor}: those that ONNX Runtime's Java API takes from a buffer. */
public enum DType {
  FLOAT32(4, OnnxJavaType.FLOAT),
  FLOAT64(8, OnnxJavaType.DOUBLE),
  /** IEEE 754 binary16, in a Java short. */
  FLOAT16(2, OnnxJavaType.FLOAT16),
  /** The upper half of a float32, in a Java short. */
  BFLOAT16(2, OnnxJavaType.BFLOAT16),
  INT8(1, OnnxJavaType.INT8),
  /** Unsigned: a Java byte {@code b} stands for {@code b & 0xff}. */
  UINT8(1, OnnxJavaType.UINT8),
  INT16(2, OnnxJavaType.INT16),
  INT32(4, OnnxJavaType.INT32),
  INT64(8, OnnxJavaType.INT64),
  /** A byte, 0 or 1. */
  BOOL(1, OnnxJavaType.BOOL);

  private final int bytes;
  private final OnnxJavaType javaType;

  DType(int bytes, OnnxJavaType javaType) {
    this.bytes = bytes;
    this.javaType = javaType;
  }

  /** Returns the size of an element in bytes. */
  public int bytes() {
    return bytes;
  }

  OnnxJavaType javaType() {
    return javaType;
  }

  /** Returns the type, or null for one that is not listed here, such as text or uint16. */
  static @Nullable DType of(OnnxTensorType type) {
    for (DType dtype : values()) {
      if (OnnxTensorType.mapFromJavaType(dtype.javaType) == type) {
        return dtype;
      }
    }
    return null;
  }

  /** Returns the name in lower case, for example {@code float32}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
