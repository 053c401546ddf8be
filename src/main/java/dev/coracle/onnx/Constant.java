// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the graph makes an array that depends on no input, but perhaps on the inputs' sizes. */
sealed interface Constant {

  /** The same array at all sizes: an initializer. */
  record Literal() implements Constant {}

  /** {@code base}, of size 1 along the axes that vary, repeated along them. */
  record Repeated(NDArray base) implements Constant {}

  /** {@code base}, of size 1 along {@code axis}, plus {@code step} times the index along it. */
  record Ramp(NDArray base, int axis, double step) implements Constant {}

  /** One number, which is a size or a function of sizes. */
  record Size(DimExpr number) implements Constant {}

  /**
   * Finds the simplest constant that explains the arrays seen at several sizes.
   *
   * @param arrays of one type and rank, one per point of {@code axes}
   * @param shape of the arrays
   * @return null where none explains them
   */
  static @Nullable Constant explain(List<NDArray> arrays, List<DimExpr> shape, DynamicAxes axes) {
    NDArray first = arrays.get(0);
    List<Integer> varying = new ArrayList<>();
    for (int axis = 0; axis < shape.size(); axis++) {
      if (!shape.get(axis).isConstant()) {
        varying.add(axis);
      }
    }
    try (NDManager work = first.getManager().newSubManager()) {
      if (varying.isEmpty()) {
        boolean same = arrays.stream().allMatch(array -> sameBytes(array, first));
        return same ? new Literal() : size(arrays, axes);
      }
      NDArray base = start(first, varying, work);
      if (arrays.stream().allMatch(array -> isRepeated(array, base, varying, work))) {
        base.attach(first.getManager());
        return new Repeated(base);
      }
      return varying.size() == 1 ? ramp(arrays, base, varying.get(0), work) : null;
    }
  }

  private static boolean isRepeated(
      NDArray array, NDArray base, List<Integer> varying, NDManager work) {
    if (!sameBytes(start(array, varying, work), base)) {
      return false;
    }
    NDArray repeated = base.broadcast(array.getShape());
    repeated.attach(work);
    return sameBytes(array, repeated);
  }

  private static @Nullable Constant ramp(
      List<NDArray> arrays, NDArray base, int axis, NDManager work) {
    NDArray first = arrays.get(0);
    if (first.getShape().get(axis) < 2 || first.getDataType() == DataType.BOOLEAN) {
      return null;
    }
    NDArray second = at(first, axis, 1, work);
    NDArray wide = second.toType(DataType.FLOAT64, true).sub(base.toType(DataType.FLOAT64, true));
    wide.attach(work);
    double step = wide.flatten().getDouble(0);
    for (NDArray array : arrays) {
      long[] along = new long[array.getShape().dimension()];
      Arrays.fill(along, 1);
      along[axis] = array.getShape().get(axis);
      NDArray index =
          work.arange(0, (int) along[axis], 1, array.getDataType()).reshape(new Shape(along));
      NDArray expected = base.add(index.mul(step)).toType(array.getDataType(), true);
      expected.attach(work);
      if (!expected.getShape().equals(array.getShape()) || !sameBytes(array, expected)) {
        return null;
      }
    }
    base.attach(first.getManager());
    return new Ramp(base, axis, step);
  }

  /** Explains single numbers that vary while the shape does not. */
  private static @Nullable Constant size(List<NDArray> arrays, DynamicAxes axes) {
    if (arrays.get(0).size() != 1 || arrays.get(0).getDataType() == DataType.BOOLEAN) {
      return null;
    }
    double[] seen =
        arrays.stream()
            .mapToDouble(array -> array.toType(DataType.FLOAT64, true).flatten().getDouble(0))
            .toArray();
    DimExpr number = wholeNumber(seen, axes);
    return number == null ? null : new Size(number);
  }

  /** Fits an expression to numbers that may be of a floating type, but must be whole. */
  static @Nullable DimExpr wholeNumber(double[] seen, DynamicAxes axes) {
    long[] whole = new long[seen.length];
    for (int i = 0; i < seen.length; i++) {
      whole[i] = (long) seen[i];
      if (whole[i] != seen[i]) {
        return null;
      }
    }
    try {
      return DimExpr.fit(axes, whole);
    } catch (ArithmeticException e) {
      return null;
    }
  }

  private static NDArray start(NDArray array, List<Integer> varying, NDManager work) {
    NDArray start = array;
    for (int axis : varying) {
      start = at(start, axis, 0, work);
    }
    return start;
  }

  private static NDArray at(NDArray array, int axis, long index, NDManager work) {
    NDArray slice = array.get(NDIndex.sliceAxis(axis, index, index + 1)).duplicate();
    slice.attach(work);
    return slice;
  }

  /** Compares bit for bit: {@code -0} differs from {@code 0}, and NaN equals itself. */
  private static boolean sameBytes(NDArray a, NDArray b) {
    if (!a.getShape().equals(b.getShape())) {
      return false;
    }
    try (NDManager scratch = a.getManager().newSubManager()) {
      return bytes(a, scratch).equals(bytes(b, scratch));
    }
  }

  /** Returns the content outside the Java heap: if that is full, DJL would end the process. */
  private static ByteBuffer bytes(NDArray array, NDManager scratch) {
    NDArray handle = array.stopGradient();
    handle.attach(scratch); // which then owns the copy made of a view
    return handle.toByteBuffer(true);
  }
}
