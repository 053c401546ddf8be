// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * The axes whose sizes the file leaves open, by name, each with the three sizes at which it is
 * traced.
 */
record DynamicAxes(Map<String, long[]> sizes) {

  /** The number of traces doubles with each axis. */
  static final int MAX = 4;

  /**
   * Odd and even, small and larger, to reveal code that rounds a size or compares it; never 1, at
   * which broadcasting and squeeze behave differently.
   */
  private static final long[][] CANDIDATES = {{3, 8, 17}, {5, 12, 19}, {7, 10, 23}, {9, 14, 25}};

  /** Sizes of the first axis if its rows are large: the block runs at all of these sizes. */
  private static final long[] OF_LARGE_ROWS = {2, 4, 5};

  /** Elements from which on a row counts as large, such as a colour picture of 105 × 105. */
  private static final long LARGE_ROW = 1 << 15;

  /**
   * Chooses the sizes of the inputs' axes; {@code chosen} are those that the user has set, for some
   * axes.
   */
  static DynamicAxes of(Inputs inputs, Map<String, long[]> chosen, Block block) {
    Set<Long> used = new TreeSet<>();
    for (InputSpec input : inputs.list()) {
      for (int axis = 0; axis < input.shape().dimension(); axis++) {
        if (!input.axes().containsKey(axis)) {
          used.add(input.shape().get(axis));
        }
      }
    }
    for (Parameter parameter : block.getParameters().values()) {
      for (long size : parameter.getArray().getShape().getShape()) {
        used.add(size);
      }
    }
    List<String> names = List.copyOf(inputs.axisNames());
    if (names.size() > MAX) {
      throw new ExportException(
          "%d dynamic axes, %s; expected at most %d, as each doubles the work"
              .formatted(names.size(), names, MAX));
    }
    return choose(names, chosen, used, haveLargeRows(inputs));
  }

  /** Tells whether one example is large, such as a picture: then so are the arrays made from it. */
  static boolean haveLargeRows(Inputs inputs) {
    long row = 0;
    for (InputSpec input : inputs.list()) {
      long elements = 1;
      for (int axis = 0; axis < input.shape().dimension(); axis++) {
        elements *= input.axes().containsKey(axis) ? 1 : input.shape().get(axis);
      }
      row += elements;
    }
    return row >= LARGE_ROW;
  }

  /**
   * Chooses the sizes of axes.
   *
   * @param names in the order of the inputs
   * @param chosen by the user, for some
   * @param used all other sizes of inputs and parameters: an axis that had one of them could meet
   *     another by chance and broadcast
   */
  static DynamicAxes choose(List<String> names, Map<String, long[]> chosen, Set<Long> used) {
    return choose(names, chosen, used, false);
  }

  /** As above, with small sizes for the first axis where the rows along it are large. */
  private static DynamicAxes choose(
      List<String> names, Map<String, long[]> chosen, Set<Long> used, boolean large) {
    Map<String, long[]> sizes = new LinkedHashMap<>();
    for (String name : names) {
      long[] own = chosen.get(name);
      long[] candidates = large && sizes.isEmpty() ? OF_LARGE_ROWS : CANDIDATES[sizes.size()];
      long[] three = own == null ? candidates.clone() : own;
      for (int i = 0; i < three.length && own == null; i++) {
        while (!used.add(three[i])) {
          three[i] += 2;
        }
      }
      sizes.put(name, three);
    }
    return new DynamicAxes(sizes);
  }

  /** Returns the three sizes of an axis. */
  long[] sizesOf(String name) {
    return Objects.requireNonNull(sizes.get(name), name);
  }

  List<String> names() {
    return List.copyOf(sizes.keySet());
  }

  /**
   * Lists the sizes of each trace: all combinations (corners) of the first two sizes of the axes,
   * where bit i of a corner's index tells which of the two axis i has; then the third size of all
   * axes.
   */
  List<Map<String, Long>> points() {
    List<Map<String, Long>> points = new ArrayList<>();
    for (int corner = 0; corner < 1 << sizes.size(); corner++) {
      points.add(point(corner));
    }
    Map<String, Long> proof = new LinkedHashMap<>();
    sizes.forEach((name, three) -> proof.put(name, three[2]));
    points.add(proof);
    return points;
  }

  private Map<String, Long> point(int corner) {
    Map<String, Long> point = new LinkedHashMap<>();
    sizes.forEach((name, three) -> point.put(name, three[corner >> point.size() & 1]));
    return point;
  }
}
