// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;

/** Products of matrices and vectors; ONNX's MatMul is PyTorch's for all ranks. */
final class MatrixTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArray.matMul" -> MatrixTranslators::matMul;
      case "NDArray.batchMatMul" -> MatrixTranslators::matMul;
      case "NDArray.dot" -> MatrixTranslators::matMul;
      default -> null;
    };
  }

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
