// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.coracle.onnx.TracedValue.Kind;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An array of the program, whose dimensions may depend on the sizes of dynamic axes. */
public final class Value {

  private final TracedValue traced;
  private final List<DimExpr> shape;
  private final @Nullable Constant constant;

  Value(TracedValue traced, List<DimExpr> shape, @Nullable Constant constant) {
    this.traced = traced;
    this.shape = shape;
    this.constant = constant;
  }

  /** Returns the dimensions. */
  public List<DimExpr> shape() {
    return shape;
  }

  public int rank() {
    return shape.size();
  }

  public DataType type() {
    return traced.array().getDataType();
  }

  /** Returns the path of the block's parameter that this is, or null. */
  public @Nullable String parameter() {
    return traced.kind() == Kind.PARAMETER ? traced.name() : null;
  }

  /**
   * Returns the content where it is the same whatever the inputs and their sizes are: a parameter,
   * a constant or what was computed from these. Null otherwise. The trace owns it.
   */
  public @Nullable NDArray content() {
    return constant instanceof Constant.Literal ? traced.array() : null;
  }

  /** Tells whether this is a constant of zeros, such as the initial states of recurrent blocks. */
  boolean isZero() {
    NDArray content = constant instanceof Constant.Repeated repeated ? repeated.base() : content();
    if (content == null || parameter() != null) {
      return false;
    }
    ByteBuffer bytes = content.toByteBuffer();
    while (bytes.hasRemaining()) {
      if (bytes.get() != 0) {
        return false;
      }
    }
    return true;
  }

  int id() {
    return traced.id();
  }

  TracedValue traced() {
    return traced;
  }

  /** Returns how the graph makes the content without the call that made it, or null. */
  @Nullable Constant constant() {
    return constant;
  }

  @Override
  public String toString() {
    return "%s %s %s".formatted(traced.label(), shape, type());
  }
}
