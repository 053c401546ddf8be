// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the sizes at which a slice such as {@code :100} begins to cut an axis, or one such as
 * {@code :n} ceases to: beyond them, the result's size no longer follows the formula of the traces.
 */
final class SliceBounds {

  /** Limit of the sizes searched: the block is run at those found. */
  private static final long MAX_SIZE = 1024;

  private SliceBounds() {}

  /** Returns such sizes and both their neighbours, for each dynamic axis that has any. */
  static Map<String, Set<Long>> of(SymbolicTrace trace) {
    Map<String, Set<Long>> sizes = new HashMap<>();
    for (Call call : trace.calls()) { // also those of which only the result's size is used
      if (call.method().equals(TracingIndexer.GET)) {
        for (Map.Entry<DimExpr, Long> bound : cuts(call)) {
          add(bound.getKey(), bound.getValue(), sizes);
        }
      }
    }
    return sizes;
  }

  /**
   * Returns pairs of a varying size and a number: where the size reaches the number, a slice begins
   * to cut its array, or ceases to.
   */
  private static List<Map.Entry<DimExpr, Long>> cuts(Call get) {
    List<Map.Entry<DimExpr, Long>> bounds = new ArrayList<>();
    if (get.arguments().contains(TracingIndexer.BOOLEANS)) {
      return bounds; // which is refused anyway
    }
    for (IndexTranslators.Element element : IndexTranslators.elements(get)) {
      if (element.kind().equals(TracingIndexer.SLICE)) {
        for (Object bound : element.arguments().subList(0, 2)) {
          if (bound instanceof DimExpr number) {
            DimExpr size = get.receiver().shape().get(element.axis());
            if (number.isConstant()) {
              bounds.add(Map.entry(size, Math.abs(number.value())));
            } else {
              bounds.add(Map.entry(number, 0L)); // beyond which it counts from the other end
              if (size.isConstant()) {
                bounds.add(Map.entry(number, size.value()));
              }
            }
          }
        }
      }
    }
    return bounds;
  }

  private static void add(DimExpr dim, long bound, Map<String, Set<Long>> sizes) {
    Set<String> axes = new TreeSet<>();
    dim.terms().keySet().forEach(term -> axes.addAll(DimExpr.factors(term)));
    for (String axis : axes) {
      Map<String, Long> point = new HashMap<>();
      axes.forEach(other -> point.put(other, 1L));
      for (long size = 1; size < MAX_SIZE; size++) {
        point.put(axis, size);
        if (dim.at(point) >= bound) {
          Set<Long> found = sizes.computeIfAbsent(axis, key -> new TreeSet<>());
          found.add(Math.max(1, size - 1));
          found.add(size);
          found.add(size + 1);
          break;
        }
      }
    }
  }
}
