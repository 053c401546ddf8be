// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Map;

/** Functions of single numbers that networks use, softmax, and dropout, which is none of it. */
final class ActivationTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of(
          "NDArrayEx.relu", ActivationTranslators::relu,
          "NDArrayEx.dropout", (call, graph) -> graph.alias(call.result(), call.array(0)),
          "NDArray.logSoftmax", ActivationTranslators::logSoftmax);

  private ActivationTranslators() {}

  private static void relu(Call call, GraphBuilder graph) {
    call.requireFloating(call.receiver());
    graph.node("Relu", call).input(call.receiver()).output(call.result());
  }

  private static void logSoftmax(Call call, GraphBuilder graph) {
    call.requireFloating(call.receiver());
    graph
        .node("LogSoftmax", call)
        .input(call.receiver())
        .attribute("axis", call.literal(0))
        .output(call.result());
  }
}
