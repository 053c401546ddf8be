// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import org.jspecify.annotations.Nullable;

/**
 * Elementwise activation functions, softmax, and dropout, which does nothing in inference. DJL
 * computes swish and mish from other calls, which are recorded instead.
 */
final class ActivationTranslators {

  /** First opset with Gelu. */
  private static final int GELU = 20;

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.relu" -> floating("Relu");
      case "NDArrayEx.sigmoid" -> floating("Sigmoid");
      case "NDArrayEx.tanh" -> floating("Tanh");
      case "NDArrayEx.softPlus" -> float32("Softplus");
      case "NDArrayEx.softSign" -> float32("Softsign");
      case "NDArrayEx.selu" -> float32("Selu");
      case "NDArrayEx.leakyRelu" -> (call, graph) -> withAlpha("LeakyRelu", call, graph);
      case "NDArrayEx.elu" -> (call, graph) -> withAlpha("Elu", call, graph);
      case "NDArrayEx.gelu" -> ActivationTranslators::gelu;
      case "NDArrayEx.dropout" -> (call, graph) -> graph.alias(call.result(), call.array(0));
      case "NDArray.softmax" -> (call, graph) -> alongAxis("Softmax", call, graph);
      case "NDArray.logSoftmax" -> (call, graph) -> alongAxis("LogSoftmax", call, graph);
      default -> null;
    };
  }

  private ActivationTranslators() {}

  private static OpTranslator floating(String operator) {
    return (call, graph) -> {
      call.requireFloating(call.receiver());
      graph.node(operator, call).input(call.receiver()).output(call.result());
    };
  }

  /** For operators that ONNX Runtime's CPU provider has for float32 only. */
  private static OpTranslator float32(String operator) {
    return (call, graph) -> {
      call.requireFloat32(call.receiver());
      graph.node(operator, call).input(call.receiver()).output(call.result());
    };
  }

  private static void withAlpha(String operator, Call call, GraphBuilder graph) {
    call.requireFloat32(call.receiver());
    graph
        .node(operator, call)
        .input(call.receiver())
        .attribute("alpha", (float) call.number(0))
        .output(call.result());
  }

  /** The exact form, x/2 · (1 + erf(x/√2)), in the order of operations that runtimes recognise. */
  private static void gelu(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    call.requireFloat32(x);
    if (graph.opset() >= GELU) {
      graph.node("Gelu", call).input(x).output(call.result());
      return;
    }
    String scaled =
        graph.node("Div", call).input(x).input(graph.scalar(Math.sqrt(2), x.type())).output();
    String erf = graph.node("Erf", call).input(scaled).output();
    String sum = graph.node("Add", call).input(erf).input(graph.scalar(1, x.type())).output();
    String product = graph.node("Mul", call).input(x).input(sum).output();
    graph.node("Mul", call).input(product).input(graph.scalar(0.5, x.type())).output(call.result());
  }

  private static void alongAxis(String operator, Call call, GraphBuilder graph) {
    call.requireFloating(call.receiver());
    if (call.receiver().rank() == 0) {
      throw call.unsupported("an array of rank 0; expected one with an axis, as reshape(1) gives");
    }
    graph
        .node(operator, call)
        .input(call.receiver())
        .attribute("axis", call.literal(0))
        .output(call.result());
  }
}
