// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A call that the block made of a method of DJL's arrays, unified over all sizes of the dynamic
 * axes.
 *
 * @param method interface and name, such as {@code NDArray.reshape} or {@code NDArrayEx.linear}
 * @param receiver the array that the method was called on
 * @param arguments {@link Value} for an array, List of Value for an NDList or array of arrays,
 *     {@link DimExpr} for an int or long, and for any number that varies; List of DimExpr for a
 *     Shape, int[] or long[]; anything else as it was passed
 * @param location the user's line, and the parameter that was used last, for messages
 */
public record Call(
    String method,
    Value receiver,
    List<@Nullable Object> arguments,
    List<Value> results,
    String location) {

  /** Returns the only result. */
  public Value result() {
    if (results.size() != 1) {
      throw unsupported(results.size() + " results");
    }
    return results.get(0);
  }

  /** Returns an argument that must not be null. */
  public Object require(int index) {
    Object argument = arguments.get(index);
    if (argument == null) {
      throw unsupported("null as argument " + index);
    }
    return argument;
  }

  public Value array(int index) {
    return (Value) require(index);
  }

  public @Nullable Value optionalArray(int index) {
    return (Value) arguments.get(index);
  }

  /** Returns the arrays of an NDList or an array of arrays. */
  @SuppressWarnings("unchecked") // as the constructor's contract says
  public List<Value> arrays(int index) {
    return (List<Value>) require(index);
  }

  /** Returns a Shape, int[] or long[]. */
  @SuppressWarnings("unchecked") // as the constructor's contract says
  public List<DimExpr> dims(int index) {
    return (List<DimExpr>) require(index);
  }

  /** Returns an int or long that is the same at all sizes. */
  public long literal(int index) {
    return literal((DimExpr) require(index));
  }

  public long literal(DimExpr number) {
    if (!number.isConstant()) {
      throw unsupported("a number that depends on the size of an axis, " + number);
    }
    return number.value();
  }

  /** Returns a Shape, int[] or long[] that is the same at all sizes. */
  public List<Long> literals(int index) {
    return dims(index).stream().map(this::literal).toList();
  }

  /** Returns a number of any type that is the same at all sizes. */
  public double number(int index) {
    Object argument = require(index);
    return argument instanceof DimExpr dim ? literal(dim) : ((Number) argument).doubleValue();
  }

  public boolean flag(int index) {
    return (Boolean) require(index);
  }

  public DataType type(int index) {
    return (DataType) require(index);
  }

  /** Returns an axis counted from 0; the argument may also count from the end, with -1 the last. */
  public int axis(int index, int rank) {
    return axis(literal(index), rank);
  }

  public int axis(long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw unsupported("axis %d of an array of rank %d".formatted(axis, rank));
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** Returns the receiver and all arrays among the arguments. */
  Stream<Value> operands() {
    Stream<?> flat =
        arguments.stream()
            .flatMap(a -> a instanceof List<?> list ? list.stream() : Stream.ofNullable(a));
    return Stream.concat(
        Stream.of(receiver), flat.filter(Value.class::isInstance).map(Value.class::cast));
  }

  /** Refuses an array that is not floating. */
  public void requireFloating(Value value) {
    if (!value.type().isFloating()) {
      throw unsupported("an array of type %s; convert it with toType".formatted(value.type()));
    }
  }

  /**
   * Refuses an array that is not float32, for operators that ONNX Runtime's CPU provider has for
   * float32 only.
   */
  public void requireFloat32(Value value) {
    if (value.type() != DataType.FLOAT32) {
      throw unsupported(
          "an array of type %s; convert it to float32 with toType".formatted(value.type()));
    }
  }

  public void requireRank(Value value, int rank) {
    if (value.rank() != rank) {
      throw unsupported("an array of shape " + value.shape() + "; expected rank " + rank);
    }
  }

  /** Makes the exception that refuses these arguments. */
  public ExportException unsupported(String what) {
    return new ExportException(
        "%s (called at %s) has no ONNX translation yet for %s"
            .formatted(method, location, Objects.requireNonNull(what)));
  }
}
