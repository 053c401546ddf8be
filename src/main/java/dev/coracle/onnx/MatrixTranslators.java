// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.Map;

/** Products of matrices and vectors; ONNX's MatMul is PyTorch's for all ranks. */
final class MatrixTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of(
          "NDArray.matMul", MatrixTranslators::matMul,
          "NDArray.batchMatMul", MatrixTranslators::matMul,
          "NDArray.dot", MatrixTranslators::matMul);

  private MatrixTranslators() {}

  private static void matMul(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, Promotion.NUMBERS);
    NodeBuilder node =
        graph
            .node("MatMul", call)
            .input(Promotion.operand(call, graph, call.receiver(), type, computed))
            .input(Promotion.operand(call, graph, call.array(0), type, computed));
    Promotion.finish(call, graph, node, computed, call.result());
  }
}
