// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

/** An integer that may depend on the batch size N: {@code factor · N + offset}. */
record DimExpr(long factor, long offset) {

  static DimExpr of(long value) {
    return new DimExpr(0, value);
  }

  /**
   * Fits the line through two observations and proves it on a third.
   *
   * @param batches three different batch sizes
   * @param values the integer seen at each
   * @throws ArithmeticException when no such line goes through all three
   */
  static DimExpr fit(long[] batches, long[] values) {
    long rise = values[1] - values[0];
    long run = batches[1] - batches[0];
    DimExpr line = new DimExpr(rise / run, values[0] - rise / run * batches[0]);
    for (int i = 0; i < 3; i++) {
      if (line.at(batches[i]) != values[i]) {
        throw new ArithmeticException(
            "%d, %d, %d at batch sizes %d, %d, %d"
                .formatted(values[0], values[1], values[2], batches[0], batches[1], batches[2]));
      }
    }
    return line;
  }

  boolean isConstant() {
    return factor == 0;
  }

  long at(long batch) {
    return factor * batch + offset;
  }

  @Override
  public String toString() {
    return isConstant() ? Long.toString(offset) : factor + "·N" + (offset < 0 ? "" : "+") + offset;
  }
}
