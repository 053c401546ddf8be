// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.Promotion.FLOATING;
import static dev.coracle.onnx.Promotion.NUMBERS;

import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;

/** Comparisons, which give booleans, and operations on booleans. */
final class ComparisonTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArray.eq" -> comparison("Equal");
      case "NDArray.neq" -> ComparisonTranslators::differ;
      case "NDArray.gt" -> comparison("Greater");
      case "NDArray.gte" -> comparison("GreaterOrEqual");
      case "NDArray.lt" -> comparison("Less");
      case "NDArray.lte" -> comparison("LessOrEqual");
      case "NDArray.logicalAnd" -> logical("And");
      case "NDArray.logicalOr" -> logical("Or");
      case "NDArray.logicalXor" -> logical("Xor");
      case "NDArray.logicalNot" -> ComparisonTranslators::not;
      case "NDArray.isNaN" -> question("IsNaN");
      case "NDArray.isInfinite" -> question("IsInf");
      case "NDArray.all" -> (call, graph) -> truth("ReduceMin", call, graph).output(call.result());
      case "NDArray.any" -> (call, graph) -> truth("ReduceMax", call, graph).output(call.result());
      case "NDArray.none" -> ComparisonTranslators::none;
      case "NDArrayEx.where" -> ComparisonTranslators::where;
      default -> null;
    };
  }

  private ComparisonTranslators() {}

  private static OpTranslator comparison(String operator) {
    return (call, graph) -> compare(operator, call, graph).output(call.result());
  }

  /** NaN differs from itself; Not of Equal gives that too. */
  private static void differ(Call call, GraphBuilder graph) {
    String equal = compare("Equal", call, graph).output();
    graph.node("Not", call).input(equal).output(call.result());
  }

  private static NodeBuilder compare(String operator, Call call, GraphBuilder graph) {
    Object right = call.require(0);
    DataType common = Promotion.common(call, call.receiver(), right);
    DataType computed = Promotion.computed(call, common, NUMBERS);
    return graph
        .node(operator, call)
        .input(Promotion.operand(call, graph, call.receiver(), common, computed))
        .input(Promotion.operand(call, graph, right, common, computed));
  }

  private static OpTranslator logical(String operator) {
    return (call, graph) ->
        graph
            .node(operator, call)
            .input(bool(call, graph, call.receiver()))
            .input(bool(call, graph, call.array(0)))
            .output(call.result());
  }

  private static void not(Call call, GraphBuilder graph) {
    graph.node("Not", call).input(bool(call, graph, call.receiver())).output(call.result());
  }

  private static String bool(Call call, GraphBuilder graph, Value value) {
    return Promotion.cast(call, graph, graph.name(value), value.type(), DataType.BOOLEAN);
  }

  private static OpTranslator question(String operator) {
    return (call, graph) -> {
      Promotion.computed(call, call.receiver().type(), FLOATING);
      graph.node(operator, call).input(call.receiver()).output(call.result());
    };
  }

  /** Reduces booleans as integers, since ONNX reduces no booleans before opset 20. */
  private static NodeBuilder truth(String operator, Call call, GraphBuilder graph) {
    String numbers =
        Promotion.cast(
            call, graph, bool(call, graph, call.receiver()), DataType.BOOLEAN, DataType.INT32);
    String reduced = graph.node(operator, call).input(numbers).attribute("keepdims", 0L).output();
    return graph
        .node("Cast", call)
        .input(reduced)
        .attribute("to", OnnxTypes.elementType(DataType.BOOLEAN));
  }

  private static void none(Call call, GraphBuilder graph) {
    String any = truth("ReduceMax", call, graph).output();
    graph.node("Not", call).input(any).output(call.result());
  }

  /** receiver.where(condition, other). */
  private static void where(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, NUMBERS);
    NodeBuilder node =
        graph
            .node("Where", call)
            .input(bool(call, graph, call.array(0)))
            .input(Promotion.operand(call, graph, call.receiver(), type, computed))
            .input(Promotion.operand(call, graph, call.array(1), type, computed));
    Promotion.finish(call, graph, node, computed, call.result());
  }
}
