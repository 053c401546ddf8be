// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ShapeInference.one;

import dev.coracle.onnx.ShapeInference.Rule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shapes of operators that cut arrays, join them or change the size of axes. */
final class SliceShapes {

  /** Returns the rule of an operator, or null. */
  static @Nullable Rule of(String operator) {
    return switch (operator) {
      case "Concat" -> SliceShapes::concat;
      case "Split" -> SliceShapes::split;
      case "Slice" -> SliceShapes::slice;
      case "Pad" -> SliceShapes::pad;
      case "Resize" -> SliceShapes::resize;
      default -> null;
    };
  }

  private SliceShapes() {}

  private static List<List<Long>> concat(NodeFacts node) {
    int axis = node.axis(node.integer("axis", 0), node.rank(0));
    List<Long> output = new ArrayList<>(node.dims(0));
    for (int input = 1; input < node.inputs().size(); input++) {
      List<Long> next = new ArrayList<>(node.dims(input));
      if (next.size() == output.size()) {
        output.set(axis, output.get(axis) + next.get(axis));
        next.set(axis, output.get(axis));
      }
      if (!next.equals(output)) {
        throw node.wrong(
            "shapes that differ in axis %d alone, found %s and %s"
                .formatted(axis, node.dims(0), node.dims(input)));
      }
    }
    return one(output);
  }

  private static @Nullable List<List<Long>> split(NodeFacts node) {
    int axis = node.axis(node.integer("axis", 0), node.rank(0));
    long size = node.dims(0).get(axis);
    int parts = node.node().getOutputCount();
    List<Long> sizes = node.has(1) ? node.content(1) : equalParts(node, size, parts);
    if (sizes == null) {
      return null;
    }
    if (sizes.size() != parts
        || sizes.stream().anyMatch(part -> part < 0)
        || sizes.stream().mapToLong(Long::longValue).sum() != size) {
      throw node.wrong(
          "%d parts of the %d elements of axis %d, found %s".formatted(parts, size, axis, sizes));
    }
    List<List<Long>> outputs = new ArrayList<>();
    for (long part : sizes) {
      outputs.add(with(node.dims(0), axis, part));
    }
    return outputs;
  }

  /** Before opset 18 the parts are equal; from then on the last may be smaller. */
  private static List<Long> equalParts(NodeFacts node, long size, int parts) {
    if (node.opset() >= 18 && node.integer("num_outputs", -1) != parts) {
      throw node.wrong("num_outputs %d".formatted(parts));
    }
    if (node.opset() < 18 && size % parts != 0) {
      throw node.wrong("%d equal parts of %d elements".formatted(parts, size));
    }
    long part = (size + parts - 1) / parts;
    List<Long> sizes = new ArrayList<>(Collections.nCopies(parts - 1, part));
    sizes.add(size - part * (parts - 1));
    return sizes;
  }

  static List<Long> with(List<Long> shape, int axis, long size) {
    List<Long> changed = new ArrayList<>(shape);
    changed.set(axis, size);
    return changed;
  }

  private static @Nullable List<List<Long>> slice(NodeFacts node) {
    List<Long> output = new ArrayList<>(node.dims(0));
    List<Long> starts = node.content(1);
    List<Long> ends = node.content(2);
    if (starts == null || ends == null) {
      return null;
    }
    List<Long> axes = node.has(3) ? node.content(3) : NodeFacts.allAxes(starts.size());
    List<Long> steps = node.has(4) ? node.content(4) : Collections.nCopies(starts.size(), 1L);
    if (axes == null || steps == null) {
      return null;
    }
    if (ends.size() != starts.size()
        || axes.size() != starts.size()
        || steps.size() != starts.size()) {
      throw node.wrong(
          "equally many starts, ends, axes and steps, found %s, %s, %s, %s"
              .formatted(starts, ends, axes, steps));
    }
    node.axes(axes, output.size());
    for (int i = 0; i < axes.size(); i++) {
      int axis = node.axis(axes.get(i), output.size());
      output.set(axis, sliced(node, output.get(axis), starts.get(i), ends.get(i), steps.get(i)));
    }
    return one(output);
  }

  private static long sliced(NodeFacts node, long size, long start, long end, long step) {
    if (step == 0) {
      throw node.wrong("a step other than 0");
    }
    long from = start < 0 ? start + size : start;
    long to = end < 0 ? end + size : end;
    if (step > 0) {
      from = Math.max(0, Math.min(size, from));
      to = Math.max(0, Math.min(size, to));
    } else {
      from = Math.max(0, Math.min(size - 1, from));
      to = Math.max(-1, Math.min(size - 1, to));
    }
    return Math.max(0, -Math.floorDiv(from - to, step));
  }

  private static @Nullable List<List<Long>> pad(NodeFacts node) {
    List<Long> output = new ArrayList<>(node.dims(0));
    List<Long> pads = node.content(1);
    List<Long> axes = node.has(3) ? node.content(3) : NodeFacts.allAxes(output.size());
    if (pads == null || axes == null) {
      return null;
    }
    if (pads.size() != 2 * axes.size()) {
      throw node.wrong("two pads for each of the axes %s, found %s".formatted(axes, pads));
    }
    node.axes(axes, output.size());
    for (int i = 0; i < axes.size(); i++) {
      int axis = node.axis(axes.get(i), output.size());
      output.set(axis, output.get(axis) + pads.get(i) + pads.get(i + axes.size()));
    }
    return one(output);
  }

  /** Infers the shape from sizes only; scales are floats, whose content is not tracked. */
  private static @Nullable List<List<Long>> resize(NodeFacts node) {
    List<Long> sizes = node.has(3) ? node.content(3) : null;
    if (sizes == null || !node.text("keep_aspect_ratio_policy", "stretch").equals("stretch")) {
      return null;
    }
    List<Long> axes = node.integers("axes");
    List<Long> resized = axes == null ? NodeFacts.allAxes(node.rank(0)) : axes;
    if (sizes.size() != resized.size()) {
      throw node.wrong("a size for each of the axes %s, found %s".formatted(resized, sizes));
    }
    List<Long> output = new ArrayList<>(node.dims(0));
    for (int i = 0; i < sizes.size(); i++) {
      output.set(node.axis(resized.get(i), output.size()), sizes.get(i));
    }
    return one(output);
  }
}
