// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Map;

/** Products of matrices. */
final class LinearTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of("NDArrayEx.linear", LinearTranslators::linear);

  private LinearTranslators() {}

  /** linear(input, weight, bias); weight (units, in), so Gemm with B transposed. */
  private static void linear(Call call, GraphBuilder graph) {
    Value input = call.array(0);
    call.requireFloating(input);
    call.requireRank(input, 2);
    call.requireRank(call.array(1), 2);
    graph
        .node("Gemm", call)
        .input(input)
        .input(call.array(1))
        .optionalInput(call.optionalArray(2))
        .attribute("transB", 1L)
        .output(call.result());
  }
}
