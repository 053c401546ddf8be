// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ShapeInference.one;

import dev.coracle.onnx.ShapeInference.Rule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shapes of operators that give numbers another shape, and of those that return shapes. */
final class LayoutShapes {

  /** Returns the rule of an operator, or null. */
  static @Nullable Rule of(String operator) {
    return switch (operator) {
      case "Reshape" -> LayoutShapes::reshape;
      case "Flatten" -> LayoutShapes::flatten;
      case "Squeeze" -> LayoutShapes::squeeze;
      case "Unsqueeze" -> LayoutShapes::unsqueeze;
      case "Transpose" -> LayoutShapes::transpose;
      case "Expand" -> LayoutShapes::expand;
      case "Tile" -> LayoutShapes::tile;
      case "Trilu" -> node -> one(node.dims(0));
      case "Shape" -> node -> one(List.of((long) shapeOf(node).size()));
      case "Size" -> node -> one(List.of());
      case "Range" -> LayoutShapes::range;
      case "ConstantOfShape" -> LayoutShapes::constantOfShape;
      default -> null;
    };
  }

  private LayoutShapes() {}

  private static @Nullable List<List<Long>> reshape(NodeFacts node) {
    List<Long> target = node.content(1);
    if (target == null) {
      return null;
    }
    List<Long> input = node.dims(0);
    List<Long> output = new ArrayList<>();
    for (int axis = 0; axis < target.size(); axis++) {
      boolean keep = target.get(axis) == 0 && node.integer("allowzero", 0) == 0;
      if (keep && axis >= input.size()) {
        throw node.wrong("an axis %d to keep, found %s to %s".formatted(axis, input, target));
      }
      output.add(keep ? input.get(axis) : target.get(axis));
    }
    int open = output.indexOf(-1L);
    if (open >= 0) {
      output.set(open, 1L);
      long known = ArrayFact.size(output);
      output.set(open, known == 0 ? 0 : ArrayFact.size(input) / known);
    }
    if (output.stream().anyMatch(dim -> dim < 0)
        || ArrayFact.size(output) != ArrayFact.size(input)) {
      throw node.wrong(
          "a target for the %d elements of %s, found %s"
              .formatted(ArrayFact.size(input), input, target));
    }
    return one(output);
  }

  private static List<List<Long>> flatten(NodeFacts node) {
    List<Long> input = node.dims(0);
    long axis = node.integer("axis", 1);
    int from = axis == input.size() ? input.size() : node.axis(axis, input.size());
    return one(
        List.of(
            ArrayFact.size(input.subList(0, from)),
            ArrayFact.size(input.subList(from, input.size()))));
  }

  private static @Nullable List<List<Long>> squeeze(NodeFacts node) {
    List<Long> input = node.dims(0);
    List<Long> given = node.has(1) ? node.content(1) : ones(input);
    if (given == null || (node.has(1) && given.isEmpty())) {
      return null; // an empty list may mean no axis or all axes of size 1
    }
    List<Integer> axes = new ArrayList<>(node.axes(given, input.size()));
    Collections.reverse(axes);
    List<Long> output = new ArrayList<>(input);
    for (int axis : axes) {
      if (output.remove(axis) != 1) {
        throw node.wrong("axes %s of size 1, found shape %s".formatted(given, input));
      }
    }
    return one(output);
  }

  private static List<Long> ones(List<Long> shape) {
    return NodeFacts.allAxes(shape.size()).stream()
        .filter(axis -> shape.get(axis.intValue()) == 1)
        .toList();
  }

  private static @Nullable List<List<Long>> unsqueeze(NodeFacts node) {
    List<Long> given = node.content(1);
    if (given == null) {
      return null;
    }
    List<Long> output = new ArrayList<>(node.dims(0));
    node.axes(given, output.size() + given.size()).forEach(axis -> output.add(axis, 1L));
    return one(output);
  }

  private static List<List<Long>> transpose(NodeFacts node) {
    List<Long> input = node.dims(0);
    List<Long> order = new ArrayList<>(NodeFacts.allAxes(input.size()));
    Collections.reverse(order);
    if (node.hasAttribute("perm")) {
      order = node.integers("perm", input.size(), 0);
      node.axes(order, input.size());
    }
    return one(order.stream().map(axis -> input.get(node.axis(axis, input.size()))).toList());
  }

  private static @Nullable List<List<Long>> expand(NodeFacts node) {
    List<Long> target = node.content(1);
    return target == null
        ? null
        : one(ShapeInference.broadcast(node, List.of(node.dims(0), target)));
  }

  private static @Nullable List<List<Long>> tile(NodeFacts node) {
    List<Long> repeats = node.content(1);
    if (repeats == null) {
      return null;
    }
    List<Long> input = node.dims(0);
    if (repeats.size() != input.size()) {
      throw node.wrong("a repeat for each axis of %s, found %s".formatted(input, repeats));
    }
    List<Long> output = new ArrayList<>();
    for (int axis = 0; axis < input.size(); axis++) {
      output.add(input.get(axis) * repeats.get(axis));
    }
    return one(output);
  }

  /** Returns the part of the input's shape that a Shape node returns. */
  static List<Long> shapeOf(NodeFacts node) {
    List<Long> input = node.dims(0);
    long start = node.integer("start", 0);
    long end = node.integer("end", input.size());
    int from = (int) Math.min(input.size(), Math.max(0, start < 0 ? start + input.size() : start));
    int to = (int) Math.min(input.size(), Math.max(0, end < 0 ? end + input.size() : end));
    return input.subList(from, Math.max(from, to));
  }

  private static @Nullable List<List<Long>> range(NodeFacts node) {
    List<Long> numbers = new ArrayList<>();
    for (int input = 0; input < 3; input++) {
      node.requireRank(input, 0, 0);
      List<Long> number = node.content(input);
      if (number == null) {
        return null;
      }
      numbers.add(number.get(0));
    }
    long step = numbers.get(2);
    if (step == 0) {
      throw node.wrong("a step other than 0");
    }
    long span = numbers.get(1) - numbers.get(0);
    return one(List.of(Math.max(0, -Math.floorDiv(-span, step))));
  }

  private static @Nullable List<List<Long>> constantOfShape(NodeFacts node) {
    List<Long> shape = node.content(0);
    if (shape != null && shape.stream().anyMatch(dim -> dim < 0)) {
      throw node.wrong("a shape, found " + shape);
    }
    return shape == null ? null : one(shape);
  }
}
