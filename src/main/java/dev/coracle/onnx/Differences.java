// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.coracle.onnx.VerificationReport.Output;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Compares the outputs of file and block and keeps the largest differences. */
final class Differences {

  /**
   * Least tolerance for float16: sums of a few hundred terms in a different order stay below it.
   */
  private static final double FLOAT16 = 2e-2;

  private final double tolerance;
  private final Map<String, Output> largest = new LinkedHashMap<>();
  private final Set<String> notes = new TreeSet<>();
  private boolean anyFloating;
  private boolean anyFinite;
  private double allowed;

  Differences(double tolerance) {
    this.tolerance = tolerance;
    this.allowed = tolerance;
  }

  /** Returns the largest relative difference that was allowed. */
  double allowed() {
    return allowed;
  }

  List<Output> outputs() {
    return List.copyOf(largest.values());
  }

  List<String> notes() {
    return List.copyOf(notes);
  }

  /**
   * Refuses comparisons that tell nothing: NaN agrees with NaN, whatever led to it. A mask's
   * infinities, or the NaN of some inputs, have numbers beside them, at another place or size.
   *
   * @throws ExportException when there were floating-point outputs, and no finite number in any
   */
  void requireNumbers() {
    if (anyFloating && !anyFinite) {
      throw new ExportException(
          "the file cannot be compared with the block, whose floating-point outputs have no finite number at any size; look for NaN among its parameters, or give exampleInputs of which it makes numbers");
    }
  }

  /**
   * Adds a comparison.
   *
   * @param where sizes of the axes, for messages
   * @param atOne whether a dynamic axis has size 1, which a squeeze in the block drops and the file
   *     keeps
   * @throws ExportException when they disagree
   */
  void add(String name, NDArray block, NDArray file, String where, boolean atOne) {
    if (block.getDataType() != file.getDataType()) {
      throw disagree(
          name,
          where,
          "is " + file.getDataType() + " instead of " + block.getDataType(),
          tolerance);
    }
    if (!block.getShape().equals(file.getShape())) {
      if (!atOne || !Arrays.equals(withoutOnes(block.getShape()), withoutOnes(file.getShape()))) {
        throw disagree(
            name,
            where,
            "has shape " + file.getShape() + " instead of " + block.getShape(),
            tolerance);
      }
      notes.add(
          "%s has shape %s where the block's has %s"
              .formatted(name, file.getShape(), block.getShape()));
    }
    boolean floating = block.getDataType().isFloating();
    double most =
        block.getDataType() == DataType.FLOAT16 ? Math.max(tolerance, FLOAT16) : tolerance;
    allowed = Math.max(allowed, most);
    double[] expected = Contents.numbers(block);
    double[] actual = Contents.numbers(file);
    anyFloating |= floating && expected.length > 0;
    anyFinite |= floating && Arrays.stream(expected).anyMatch(Double::isFinite);
    double typical = Math.max(1, typical(expected));
    double absolute = 0;
    double relative = 0;
    for (int i = 0; i < expected.length; i++) {
      if (Double.compare(expected[i], actual[i]) == 0) { // also NaN and infinities
        continue;
      }
      double difference = Math.abs(expected[i] - actual[i]);
      double share = difference / Math.max(typical, Math.abs(expected[i]));
      if (floating ? !(share <= most) : difference != 0) {
        throw disagree(
            name,
            where,
            "has %s instead of %s at position %d of %d"
                .formatted(actual[i], expected[i], i, expected.length),
            most);
      }
      absolute = Math.max(absolute, difference);
      relative = Math.max(relative, share);
    }
    largest.merge(
        name,
        new Output(name, absolute, relative),
        (a, b) ->
            new Output(
                name, Math.max(a.absolute(), b.absolute()), Math.max(a.relative(), b.relative())));
  }

  /**
   * Returns the median magnitude of a few thousand of the numbers: those near 0 among larger ones
   * are differences of such, and have their rounding errors. Not the maximum, which may be a mask's
   * -1e9.
   */
  private static double typical(double[] numbers) {
    int step = Math.max(1, numbers.length / 4096);
    double[] some =
        IntStream.range(0, numbers.length / step)
            .mapToDouble(i -> Math.abs(numbers[i * step]))
            .filter(Double::isFinite)
            .sorted()
            .toArray();
    return some.length == 0 ? 0 : some[some.length / 2];
  }

  private static ExportException disagree(String name, String where, String how, double allowed) {
    return new ExportException(
        ("the file does not agree with the block: output %s %s, %s; at most %.0e of the number, or"
                + " of 1 or the output's median where these are more, is allowed")
            .formatted(name, how, where, allowed));
  }

  private static long[] withoutOnes(Shape shape) {
    return Arrays.stream(shape.getShape()).filter(size -> size != 1).toArray();
  }
}
