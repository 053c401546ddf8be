// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ShapeInference.one;

import dev.coracle.onnx.ShapeInference.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shapes of products of matrices, and of the recurrent layers, which consist of them. */
final class MatrixShapes {

  /** Returns the rule of an operator, or null. */
  static @Nullable Rule of(String operator) {
    return switch (operator) {
      case "MatMul" -> MatrixShapes::matMul;
      case "Gemm" -> MatrixShapes::gemm;
      case "LSTM" -> node -> recurrent(node, 4, 6);
      case "GRU" -> node -> recurrent(node, 3, 5);
      case "RNN" -> node -> recurrent(node, 1, 5);
      default -> null;
    };
  }

  private MatrixShapes() {}

  private static List<List<Long>> matMul(NodeFacts node) {
    node.requireRank(0, 1, Integer.MAX_VALUE);
    node.requireRank(1, 1, Integer.MAX_VALUE);
    List<Long> left = new ArrayList<>(node.dims(0));
    List<Long> right = new ArrayList<>(node.dims(1));
    if (left.size() == 1) {
      left.add(0, 1L);
    }
    if (right.size() == 1) {
      right.add(1L);
    }
    long columns = left.get(left.size() - 1);
    if (columns != right.get(right.size() - 2)) {
      throw node.wrong(
          "matrices that can be multiplied, found shapes %s and %s"
              .formatted(node.dims(0), node.dims(1)));
    }
    List<Long> output =
        new ArrayList<>(
            ShapeInference.broadcast(
                node,
                List.of(left.subList(0, left.size() - 2), right.subList(0, right.size() - 2))));
    if (node.rank(0) > 1) {
      output.add(left.get(left.size() - 2));
    }
    if (node.rank(1) > 1) {
      output.add(right.get(right.size() - 1));
    }
    return one(output);
  }

  private static List<List<Long>> gemm(NodeFacts node) {
    node.requireRank(0, 2, 2);
    node.requireRank(1, 2, 2);
    int transA = node.integer("transA", 0) == 0 ? 0 : 1;
    int transB = node.integer("transB", 0) == 0 ? 0 : 1;
    if (!node.dims(0).get(1 - transA).equals(node.dims(1).get(transB))) {
      throw node.wrong(
          "matrices that can be multiplied, found shapes %s and %s with transA=%d, transB=%d"
              .formatted(node.dims(0), node.dims(1), transA, transB));
    }
    List<Long> output = List.of(node.dims(0).get(transA), node.dims(1).get(1 - transB));
    if (node.has(2)
        && !ShapeInference.broadcast(node, List.of(output, node.dims(2))).equals(output)) {
      throw node.wrong(
          "input 2 that broadcasts to %s, found shape %s".formatted(output, node.dims(2)));
    }
    return one(output);
  }

  /**
   * X (T,N,C), W (D,g·H,C), R (D,g·H,H), B (D,2g·H), lengths (N), states (D,N,H) give Y (T,D,N,H)
   * and states; with layout 1 the batch comes first.
   */
  private static List<List<Long>> recurrent(NodeFacts node, long gates, int lastState) {
    node.requireRank(0, 3, 3);
    boolean batchFirst = node.integer("layout", 0) == 1;
    long steps = node.dims(0).get(batchFirst ? 1 : 0);
    long batch = node.dims(0).get(batchFirst ? 0 : 1);
    long directions = node.text("direction", "forward").equals("bidirectional") ? 2 : 1;
    node.requireRank(2, 3, 3);
    long hidden = node.integer("hidden_size", node.dims(2).get(2));
    node.requireDims(1, List.of(directions, gates * hidden, node.dims(0).get(2)));
    node.requireDims(2, List.of(directions, gates * hidden, hidden));
    if (node.has(3)) {
      node.requireDims(3, List.of(directions, 2 * gates * hidden));
    }
    if (node.has(4)) {
      node.requireDims(4, List.of(batch));
    }
    List<Long> state =
        batchFirst ? List.of(batch, directions, hidden) : List.of(directions, batch, hidden);
    for (int input = 5; input <= lastState; input++) {
      if (node.has(input)) {
        node.requireDims(input, state);
      }
    }
    if (node.has(7)) { // LSTM's peepholes
      node.requireDims(7, List.of(directions, 3 * hidden));
    }
    List<Long> output =
        batchFirst
            ? List.of(batch, steps, directions, hidden)
            : List.of(steps, directions, batch, hidden);
    return List.of(output, state, state);
  }
}
