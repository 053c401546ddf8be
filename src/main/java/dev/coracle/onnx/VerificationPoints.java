// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Chooses the sizes of dynamic axes at which file and block are compared.
 *
 * @param base sizes that the block should take in any case
 * @param points in the order in which they are compared
 */
record VerificationPoints(Map<String, Long> base, List<Map<String, Long>> points) {

  /** One, where squeeze and broadcasting differ; two; an odd one; one larger than expected. */
  static final List<Long> SIZES = List.of(1L, 2L, 7L, 64L);

  /** A size that most blocks take; the middle one of those that an export traces by default. */
  private static final long BASE = 8;

  /** Returns the points for axes whose sizes the caller has chosen, or {@link #SIZES}. */
  static VerificationPoints of(Set<String> axes, Map<String, List<Long>> chosen) {
    Map<String, Long> base = new LinkedHashMap<>();
    Map<String, List<Long>> sizes = new LinkedHashMap<>();
    for (String axis : axes) {
      List<Long> own = chosen.getOrDefault(axis, SIZES);
      sizes.put(axis, own);
      base.put(axis, chosen.containsKey(axis) ? own.get(0) : BASE);
    }
    return of(base, sizes);
  }

  /**
   * Returns the points for an export: each axis also at the neighbours of the sizes that were
   * traced, and at none of these.
   *
   * @param bounds for each axis, other sizes at which the block may begin to do something else
   * @param large whether the inputs are so large that the block should run on few of them
   */
  static VerificationPoints around(
      DynamicAxes traced, Map<String, Set<Long>> bounds, boolean large) {
    Map<String, Long> base = new LinkedHashMap<>();
    Map<String, List<Long>> sizes = new LinkedHashMap<>();
    for (String axis : traced.names()) {
      Set<Long> all = new TreeSet<>(SIZES);
      for (long size : traced.sizesOf(axis)) {
        all.add(size - 1);
        all.add(size + 1);
      }
      if (!large) {
        all.addAll(bounds.getOrDefault(axis, Set.of()));
      }
      for (long size : traced.sizesOf(axis)) {
        all.remove(size);
      }
      sizes.put(axis, List.copyOf(all));
      long[] three = traced.sizesOf(axis);
      base.put(axis, large ? Arrays.stream(three).min().orElseThrow() : three[1]);
    }
    return of(base, sizes);
  }

  /** Varies each axis over its sizes, then sets all to their first and to their last size. */
  private static VerificationPoints of(Map<String, Long> base, Map<String, List<Long>> sizes) {
    Set<Map<String, Long>> points = new LinkedHashSet<>();
    if (sizes.isEmpty()) {
      points.add(Map.of());
    }
    sizes.forEach(
        (axis, all) -> {
          for (long size : all) {
            Map<String, Long> point = new LinkedHashMap<>(base);
            point.put(axis, size);
            points.add(point);
          }
        });
    Map<String, Long> first = new LinkedHashMap<>();
    Map<String, Long> last = new LinkedHashMap<>();
    sizes.forEach((axis, all) -> first.put(axis, all.get(0)));
    sizes.forEach((axis, all) -> last.put(axis, all.get(all.size() - 1)));
    points.add(first);
    points.add(last);
    return new VerificationPoints(base, new ArrayList<>(points));
  }
}
