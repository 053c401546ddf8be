// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;

/**
 * Holds the values of one input or output of a model, row-major, in memory that ONNX Runtime reads
 * and writes in place. Needs no closing. Type and shape are fixed; the values can be changed,
 * without synchronisation.
 */
public final class Tensor {

  /** The most that ONNX Runtime's Java binding takes; a few bytes less than an array may have. */
  static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private final DType dtype;
  private final long[] shape;

  /** Direct, in native order, from 0 to its limit; never handed out, so its position stays 0. */
  private final ByteBuffer data;

  private Tensor(DType dtype, long[] shape, ByteBuffer data) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }

  /**
   * Makes a tensor of zeros.
   *
   * @throws InvalidInputException if an axis is negative or there are more than 2 GiB - 9 bytes
   */
  public static Tensor allocate(DType dtype, long... shape) {
    if (Arrays.stream(shape).anyMatch(size -> size < 0)) {
      throw new InvalidInputException(
          "a tensor's axes must be 0 or more, got " + Arrays.toString(shape));
    }
    boolean empty = Arrays.stream(shape).anyMatch(size -> size == 0);
    try {
      long bytes = empty ? 0 : dtype.bytes();
      for (long size : shape) {
        bytes = empty ? 0 : Math.multiplyExact(bytes, size);
      }
      if (bytes > MAX_BYTES) {
        throw new ArithmeticException();
      }
      return new Tensor(
          dtype,
          shape.clone(),
          ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.nativeOrder()));
    } catch (ArithmeticException e) {
      throw new InvalidInputException(
          "a tensor holds at most " + MAX_BYTES + " bytes; " + text(dtype, shape) + " is more");
    }
  }

  /** Makes a float32 tensor of a copy of the values from position to limit, which do not move. */
  public static Tensor of(FloatBuffer values, long... shape) {
    Tensor tensor = allocate(DType.FLOAT32, shape);
    tensor.checkCount(values);
    tensor.floats().put(values.duplicate());
    return tensor;
  }

  /** Makes a float32 tensor of a copy of the values. */
  public static Tensor of(float[] values, long... shape) {
    return of(FloatBuffer.wrap(values), shape);
  }

  /** Makes a float64 tensor of a copy of the values. */
  public static Tensor of(double[] values, long... shape) {
    return of(DoubleBuffer.wrap(values), shape);
  }

  /** Makes an int32 tensor of a copy of the values. */
  public static Tensor of(int[] values, long... shape) {
    return of(IntBuffer.wrap(values), shape);
  }

  /** Makes an int64 tensor of a copy of the values. */
  public static Tensor of(long[] values, long... shape) {
    return of(LongBuffer.wrap(values), shape);
  }

  /** Makes a float64 tensor of a copy of the values from position to limit, which do not move. */
  public static Tensor of(DoubleBuffer values, long... shape) {
    Tensor tensor = allocate(DType.FLOAT64, shape);
    tensor.checkCount(values);
    tensor.doubles().put(values.duplicate());
    return tensor;
  }

  /** Makes an int32 tensor of a copy of the values from position to limit, which do not move. */
  public static Tensor of(IntBuffer values, long... shape) {
    Tensor tensor = allocate(DType.INT32, shape);
    tensor.checkCount(values);
    tensor.ints().put(values.duplicate());
    return tensor;
  }

  /** Makes an int64 tensor of a copy of the values from position to limit, which do not move. */
  public static Tensor of(LongBuffer values, long... shape) {
    Tensor tensor = allocate(DType.INT64, shape);
    tensor.checkCount(values);
    tensor.longs().put(values.duplicate());
    return tensor;
  }

  /**
   * Makes a tensor of any type from a copy of the bytes from position to limit, which do not move;
   * elements of several bytes are in native order.
   */
  public static Tensor of(DType dtype, ByteBuffer bytes, long... shape) {
    Tensor tensor = allocate(dtype, shape);
    if (bytes.remaining() != tensor.data.limit()) {
      throw new InvalidInputException(
          tensor + " takes " + tensor.data.limit() + " bytes, got " + bytes.remaining());
    }
    tensor.bytes().put(bytes.duplicate());
    return tensor;
  }

  private void checkCount(Buffer values) {
    if (values.remaining() != elements()) {
      throw new InvalidInputException(
          this + " takes " + elements() + " values, got " + values.remaining());
    }
  }

  /** Returns a tensor on the first rows of this one's memory. */
  Tensor firstRows(int rows) {
    long[] part = shape.clone();
    part[0] = rows;
    ByteBuffer some = data.slice(0, (int) (data.limit() / shape[0] * rows));
    return new Tensor(dtype, part, some.order(ByteOrder.nativeOrder()));
  }

  public DType dtype() {
    return dtype;
  }

  /** Returns the size of each axis; a copy. */
  public long[] shape() {
    return shape.clone();
  }

  /** Returns the number of values. */
  public int elements() {
    return data.limit() / dtype.bytes();
  }

  /** Returns a view of all bytes in native order; writing to it changes the tensor. */
  public ByteBuffer bytes() {
    return data.duplicate().order(ByteOrder.nativeOrder());
  }

  /**
   * Returns a view of all values; writing to it changes the tensor.
   *
   * @throws IllegalStateException if the type is not float32
   */
  public FloatBuffer floats() {
    return as(DType.FLOAT32).asFloatBuffer();
  }

  /** Does for float64 what {@link #floats} does for float32. */
  public DoubleBuffer doubles() {
    return as(DType.FLOAT64).asDoubleBuffer();
  }

  /** Does for int32 what {@link #floats} does for float32. */
  public IntBuffer ints() {
    return as(DType.INT32).asIntBuffer();
  }

  /** Does for int64 what {@link #floats} does for float32. */
  public LongBuffer longs() {
    return as(DType.INT64).asLongBuffer();
  }

  /** Does for int16, float16 and bfloat16 what {@link #floats} does for float32. */
  public ShortBuffer shorts() {
    if (dtype.bytes() != Short.BYTES) {
      throw wrongType("two bytes a value");
    }
    return bytes().asShortBuffer();
  }

  private ByteBuffer as(DType wanted) {
    if (dtype != wanted) {
      throw wrongType(wanted.toString());
    }
    return bytes();
  }

  private IllegalStateException wrongType(String wanted) {
    return new IllegalStateException("expected a tensor of " + wanted + ", this is " + this);
  }

  /** Writes type and shape, for example {@code float32 (1, 1, 28, 28)}. */
  @Override
  public String toString() {
    return text(dtype, shape);
  }

  private static String text(DType dtype, long[] shape) {
    return new TensorSpec("", dtype, Arrays.stream(shape).boxed().toList()).typeAndShape();
  }
}
