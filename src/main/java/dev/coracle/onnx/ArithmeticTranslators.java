// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Map;

/** Arithmetic of arrays and numbers, and conversions of type. */
final class ArithmeticTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of(
          "NDArray.toType", ArithmeticTranslators::cast,
          "NDArray.duplicate", (call, graph) -> graph.alias(call.result(), call.receiver()),
          "NDArray.stopGradient", (call, graph) -> graph.alias(call.result(), call.receiver()),
          "NDArray.add", (call, graph) -> arithmetic("Add", call, graph),
          "NDArray.sub", (call, graph) -> arithmetic("Sub", call, graph),
          "NDArray.mul", (call, graph) -> arithmetic("Mul", call, graph),
          "NDArray.div", (call, graph) -> arithmetic("Div", call, graph));

  private ArithmeticTranslators() {}

  private static void cast(Call call, GraphBuilder graph) {
    if (call.receiver().type() == call.type(0)) { // a copy
      graph.alias(call.result(), call.receiver());
      return;
    }
    graph
        .node("Cast", call)
        .input(call.receiver())
        .attribute("to", OnnxTypes.elementType(call.type(0)))
        .output(call.result());
  }

  /**
   * With an array or a number. Both broadcast alike; neither side may be promoted to another type.
   */
  private static void arithmetic(String operator, Call call, GraphBuilder graph) {
    Value left = call.receiver();
    Object right = call.require(0);
    boolean promoted = right instanceof Value value && value.type() != left.type();
    if (promoted || call.result().type() != left.type()) {
      throw call.unsupported("operands of different types; convert one with toType");
    }
    call.requireFloating(left);
    NodeBuilder node = graph.node(operator, call).input(left);
    if (right instanceof Value value) {
      node.input(value);
    } else if (right instanceof DimExpr number) {
      node.input(graph.scalar(number, left.type()));
    } else if (right instanceof Number number) {
      node.input(graph.scalar(number.doubleValue(), left.type()));
    } else {
      throw call.unsupported("the operand " + right);
    }
    node.output(call.result());
  }
}
