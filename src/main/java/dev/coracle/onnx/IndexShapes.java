// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ShapeInference.one;

import dev.coracle.onnx.ShapeInference.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shapes of operators that pick elements by index or reduce axes. */
final class IndexShapes {

  /** Returns the rule of an operator, or null. */
  static @Nullable Rule of(String operator) {
    return switch (operator) {
      case "Gather" -> IndexShapes::gather;
      case "GatherElements" -> IndexShapes::gatherElements;
      case "GatherND" -> IndexShapes::gatherNd;
      case "ScatterElements" -> IndexShapes::scatterElements;
      case "ScatterND" -> IndexShapes::scatterNd;
      case "OneHot" -> IndexShapes::oneHot;
      case "TopK" -> IndexShapes::topK;
      case "ArgMax", "ArgMin" -> IndexShapes::argument;
      case "ReduceSum",
          "ReduceMean",
          "ReduceMax",
          "ReduceMin",
          "ReduceProd",
          "ReduceL1",
          "ReduceL2",
          "ReduceLogSum",
          "ReduceLogSumExp",
          "ReduceSumSquare" ->
          IndexShapes::reduce;
      default -> null;
    };
  }

  private IndexShapes() {}

  private static List<List<Long>> gather(NodeFacts node) {
    List<Long> input = node.dims(0);
    int axis = node.axis(node.integer("axis", 0), input.size());
    List<Long> indices = node.content(1);
    if (indices != null) {
      indices.forEach(index -> node.axis(index, input.get(axis).intValue())); // the same bounds
    }
    List<Long> output = new ArrayList<>(input.subList(0, axis));
    output.addAll(node.dims(1));
    output.addAll(input.subList(axis + 1, input.size()));
    return one(output);
  }

  private static List<List<Long>> gatherElements(NodeFacts node) {
    requireWithin(node, 1);
    return one(node.dims(1));
  }

  private static List<List<Long>> scatterElements(NodeFacts node) {
    requireWithin(node, 1);
    node.requireDims(2, node.dims(1));
    return one(node.dims(0));
  }

  /** Along all axes but one there must be at most as many indices as elements. */
  private static void requireWithin(NodeFacts node, int indices) {
    List<Long> data = node.dims(0);
    int axis = node.axis(node.integer("axis", 0), data.size());
    node.requireRank(indices, data.size(), data.size());
    for (int i = 0; i < data.size(); i++) {
      if (i != axis && node.dims(indices).get(i) > data.get(i)) {
        throw node.wrong(
            "indices within %s but for axis %d, found shape %s"
                .formatted(data, axis, node.dims(indices)));
      }
    }
  }

  private static List<List<Long>> gatherNd(NodeFacts node) {
    return one(selected(node, (int) node.integer("batch_dims", 0)));
  }

  private static List<List<Long>> scatterNd(NodeFacts node) {
    node.requireDims(2, selected(node, 0));
    return one(node.dims(0));
  }

  private static List<Long> selected(NodeFacts node, int batchAxes) {
    List<Long> data = node.dims(0);
    List<Long> indices = node.dims(1);
    node.requireRank(1, batchAxes + 1, Integer.MAX_VALUE);
    long depth = indices.get(indices.size() - 1);
    if (depth < 1
        || batchAxes + depth > data.size()
        || !indices.subList(0, batchAxes).equals(data.subList(0, batchAxes))) {
      throw node.wrong(
          "indices of at most %d axes, found shape %s for data of shape %s"
              .formatted(data.size() - batchAxes, indices, data));
    }
    List<Long> output = new ArrayList<>(indices.subList(0, indices.size() - 1));
    output.addAll(data.subList(batchAxes + (int) depth, data.size()));
    return output;
  }

  private static @Nullable List<List<Long>> oneHot(NodeFacts node) {
    node.requireDims(2, List.of(2L)); // off and on
    if (ArrayFact.size(node.dims(1)) != 1) {
      throw node.wrong("one number as depth, found shape " + node.dims(1));
    }
    List<Long> depth = node.content(1);
    List<Long> output = new ArrayList<>(node.dims(0));
    int axis = node.axis(node.integer("axis", -1), output.size() + 1);
    if (depth == null) {
      return null;
    }
    output.add(axis, depth.get(0));
    return one(output);
  }

  private static @Nullable List<List<Long>> topK(NodeFacts node) {
    List<Long> input = node.dims(0);
    int axis = node.axis(node.integer("axis", -1), input.size());
    node.requireDims(1, List.of(1L));
    List<Long> count = node.content(1);
    if (count == null) {
      return null;
    }
    if (count.get(0) < 0 || count.get(0) > input.get(axis)) {
      throw node.wrong("k of 0 to %d, found %d".formatted(input.get(axis), count.get(0)));
    }
    List<Long> output = SliceShapes.with(input, axis, count.get(0));
    return List.of(output, output);
  }

  private static List<List<Long>> argument(NodeFacts node) {
    return one(reduced(node, List.of(node.integer("axis", 0))));
  }

  private static @Nullable List<List<Long>> reduce(NodeFacts node) {
    List<Long> axes = node.has(1) ? node.content(1) : node.integers("axes");
    if (axes == null && node.has(1)) {
      return null;
    }
    if (axes == null || axes.isEmpty()) {
      axes =
          node.integer("noop_with_empty_axes", 0) == 1
              ? List.of()
              : NodeFacts.allAxes(node.rank(0));
    }
    return one(reduced(node, axes));
  }

  private static List<Long> reduced(NodeFacts node, List<Long> axes) {
    List<Integer> counted = node.axes(axes, node.rank(0));
    List<Long> output = new ArrayList<>();
    for (int axis = 0; axis < node.rank(0); axis++) {
      if (!counted.contains(axis)) {
        output.add(node.dims(0).get(axis));
      } else if (node.integer("keepdims", 1) == 1) {
        output.add(1L);
      }
    }
    return output;
  }
}
