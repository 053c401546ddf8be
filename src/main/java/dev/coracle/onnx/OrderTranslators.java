// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sorts, and finds the largest and the smallest elements. */
final class OrderTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArray.argMax" -> (call, graph) -> extreme("ArgMax", call, graph);
      case "NDArray.argMin" -> (call, graph) -> extreme("ArgMin", call, graph);
      case "NDArray.topK" -> OrderTranslators::topK;
      case "NDArray.sort" -> OrderTranslators::sort;
      case "NDArray.argSort" -> OrderTranslators::argSort;
      default -> null;
    };
  }

  private OrderTranslators() {}

  /** argMax() of all elements, or argMax(axis): the first of several equal ones. */
  private static void extreme(String operator, Call call, GraphBuilder graph) {
    Value x = call.receiver();
    DataType computed = Promotion.computed(call, x.type(), Promotion.NUMBERS);
    String numbers = Promotion.operand(call, graph, x, x.type(), computed);
    boolean all = call.arguments().isEmpty() || x.rank() == 0;
    if (all) {
      numbers = graph.node("Reshape", call).input(numbers).input(graph.constant(-1)).output();
    }
    graph
        .node(operator, call)
        .input(numbers)
        .attribute("axis", all ? 0L : call.axis(0, x.rank()))
        .attribute("keepdims", 0L)
        .output(call.result());
  }

  /** topK(k, axis, largest, sorted). */
  private static void topK(Call call, GraphBuilder graph) {
    if (!call.flag(3)) {
      throw call.unsupported("sorted=false, an order of the engine's own; use true");
    }
    Value x = call.receiver();
    Value values = call.results().get(0);
    int axis = call.axis(1, x.rank());
    DataType computed = Promotion.computed(call, x.type(), Promotion.NUMBERS);
    List<String> both =
        topK((DimExpr) call.require(0), axis, call.flag(2), call, graph, computed).outputs(2);
    graph.alias(values, Promotion.cast(call, graph, both.get(0), computed, values.type()));
    graph.alias(call.results().get(1), both.get(1));
  }

  private static NodeBuilder topK(
      DimExpr k, int axis, boolean largest, Call call, GraphBuilder graph, DataType computed) {
    Value x = call.receiver();
    return graph
        .node("TopK", call)
        .input(Promotion.operand(call, graph, x, x.type(), computed))
        .input(graph.size(k))
        .attribute("axis", axis)
        .attribute("largest", largest ? 1L : 0L);
  }

  /** Starts a node that sorts in ascending order; equal elements keep their order. */
  private static NodeBuilder sorted(int axis, Call call, GraphBuilder graph, DataType computed) {
    return topK(call.receiver().shape().get(axis), axis, false, call, graph, computed);
  }

  /** sort() along the last axis, or sort(axis). */
  private static void sort(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    if (x.rank() == 0) {
      graph.alias(call.result(), x);
      return;
    }
    int axis = call.arguments().isEmpty() ? x.rank() - 1 : call.axis(0, x.rank());
    DataType computed = Promotion.computed(call, x.type(), Promotion.NUMBERS);
    String values = sorted(axis, call, graph, computed).outputs(2).get(0);
    graph.alias(call.result(), Promotion.cast(call, graph, values, computed, x.type()));
  }

  /** argSort(axis, ascending); descending is the ascending order reversed, as in the engine. */
  private static void argSort(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    int axis = call.axis(0, x.rank());
    DataType computed = Promotion.computed(call, x.type(), Promotion.NUMBERS);
    String indices = sorted(axis, call, graph, computed).outputs(2).get(1);
    if (call.flag(1)) {
      graph.alias(call.result(), indices);
    } else {
      ShapeTranslators.flip(indices, List.of((long) axis), call, graph).output(call.result());
    }
  }
}
