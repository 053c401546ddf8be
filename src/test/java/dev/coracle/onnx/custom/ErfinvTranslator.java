// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx.custom;

import dev.coracle.onnx.Call;
import dev.coracle.onnx.GraphBuilder;
import dev.coracle.onnx.OpTranslator;
import dev.coracle.onnx.OpTranslators;
import java.util.Map;

/** A user's translators, found as a service: the inverse of erf, which ONNX has not. */
public final class ErfinvTranslator implements OpTranslators {

  private static final double A = 0.147; // Winitzki, A handy approximation for the error function

  @Override
  public Map<String, OpTranslator> byMethod() {
    return Map.of("NDArray.erfinv", ErfinvTranslator::erfinv);
  }

  /** sign(x)·√(√(t² − l/a) − t) with l = ln(1−x²), t = 2/(πa) + l/2; to 0.4 % of the value. */
  private static void erfinv(Call call, GraphBuilder graph) {
    var type = call.receiver().type();
    String square = graph.node("Mul", call).input(call.receiver()).input(call.receiver()).output();
    String rest = binary("Sub", graph.scalar(1, type), square, call, graph);
    String log = graph.node("Log", call).input(rest).output();
    String half = binary("Div", log, graph.scalar(2, type), call, graph);
    String t = binary("Add", half, graph.scalar(2 / (Math.PI * A), type), call, graph);
    String scaled = binary("Div", log, graph.scalar(A, type), call, graph);
    String inner = binary("Sub", binary("Mul", t, t, call, graph), scaled, call, graph);
    String root = graph.node("Sqrt", call).input(inner).output();
    String outer = binary("Sub", root, t, call, graph);
    String size = graph.node("Sqrt", call).input(outer).output();
    String sign = graph.node("Sign", call).input(call.receiver()).output();
    graph.node("Mul", call).input(sign).input(size).output(call.result());
  }

  private static String binary(
      String operator, String left, String right, Call call, GraphBuilder graph) {
    return graph.node(operator, call).input(left).input(right).output();
  }
}
