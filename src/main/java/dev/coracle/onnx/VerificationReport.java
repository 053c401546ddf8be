// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Says how closely a file agrees with the block it was exported from.
 *
 * @param outputs in the file's order
 * @param compared sizes of the dynamic axes at which both ran, in that order
 * @param skipped sizes at which the file was not compared, with the reason
 * @param notes observations that are not disagreements but may surprise
 * @param tolerance largest relative difference that was allowed
 */
public record VerificationReport(
    List<Output> outputs,
    List<Map<String, Long>> compared,
    List<Skipped> skipped,
    List<String> notes,
    double tolerance) {

  /**
   * Largest differences in one output.
   *
   * @param absolute of any two numbers
   * @param relative to the block's number, the output's median size or 1, whichever is largest
   */
  public record Output(String name, double absolute, double relative) {}

  /** Sizes at which file and block were not compared. */
  public record Skipped(Map<String, Long> sizes, String reason) {}

  public VerificationReport {
    outputs = List.copyOf(outputs);
    compared = List.copyOf(compared);
    skipped = List.copyOf(skipped);
    notes = List.copyOf(notes);
  }

  /** Returns the largest relative difference in any output. */
  public double largest() {
    return outputs.stream().mapToDouble(Output::relative).max().orElse(0);
  }

  /** Writes one line, such as "agrees with the block at batch_size 1, 2, 7 within 1.2e-07 (…)". */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("agrees with the block");
    if (!sizes(compared).isEmpty()) {
      text.append(" at ").append(sizes(compared));
    }
    text.append(
        String.format(Locale.ROOT, " within %.1e (at most %.0e allowed)", largest(), tolerance));
    if (!skipped.isEmpty()) {
      text.append("; not compared at ")
          .append(sizes(skipped.stream().map(Skipped::sizes).toList()))
          .append(": ")
          .append(
              skipped.stream().map(Skipped::reason).distinct().collect(Collectors.joining("; ")));
    }
    notes.forEach(note -> text.append("; ").append(note));
    return text.toString();
  }

  /** Returns, for example, {@code batch_size 1, 2, 7}; for several axes, the sizes of each. */
  private static String sizes(List<Map<String, Long>> points) {
    Map<String, TreeSet<Long>> byAxis = new TreeMap<>();
    for (Map<String, Long> point : points) {
      point.forEach((axis, size) -> byAxis.computeIfAbsent(axis, a -> new TreeSet<>()).add(size));
    }
    List<String> axes = new ArrayList<>();
    byAxis.forEach(
        (axis, all) ->
            axes.add(
                axis + " " + all.stream().map(String::valueOf).collect(Collectors.joining(", "))));
    return String.join(" and ", axes);
  }
}
