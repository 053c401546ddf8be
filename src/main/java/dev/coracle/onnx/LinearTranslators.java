// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Products with a matrix of weights, and lookups of its rows. */
final class LinearTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.linear" -> LinearTranslators::linear;
      case "NDArrayEx.embedding" -> LinearTranslators::embedding;
      default -> null;
    };
  }

  private LinearTranslators() {}

  /** linear(input, weight, bias); input (…, in), weight (units, in). */
  private static void linear(Call call, GraphBuilder graph) {
    Value input = call.array(0);
    Value weight = call.array(1);
    Value bias = call.optionalArray(2);
    call.requireFloating(input);
    call.requireRank(weight, 2);
    if (input.rank() == 2) {
      graph
          .node("Gemm", call)
          .input(input)
          .input(weight)
          .optionalInput(bias)
          .attribute("transB", 1L)
          .output(call.result());
      return;
    }
    NodeBuilder product =
        graph.node("MatMul", call).input(input).input(transposed(weight, call, graph));
    if (bias == null) {
      product.output(call.result());
    } else {
      graph.node("Add", call).input(product.output()).input(bias).output(call.result());
    }
  }

  /** Returns the name of the transpose of a matrix: an initializer where the content is known. */
  private static String transposed(Value matrix, Call call, GraphBuilder graph) {
    NDArray content = matrix.content();
    if (content == null) {
      return graph
          .node("Transpose", call)
          .input(matrix)
          .attribute("perm", List.of(1L, 0L))
          .output();
    }
    return graph.remember(
        "transpose of " + matrix.id(),
        () -> graph.initializer(derived(matrix, "transposed"), content.transpose()));
  }

  /** Returns a name for an array computed from a parameter, derived from the parameter's name. */
  static String derived(Value from, String what) {
    return from.parameter() == null ? what : from.parameter() + "_" + what;
  }

  /** embedding(ids, weight, format of gradients); weight (items, size). */
  private static void embedding(Call call, GraphBuilder graph) {
    Value ids = call.array(0);
    call.requireRank(call.array(1), 2);
    if (ids.type() != DataType.INT32 && ids.type() != DataType.INT64) {
      throw call.unsupported("ids of type %s; convert them with toType".formatted(ids.type()));
    }
    graph
        .node("Gather", call)
        .input(call.array(1))
        .input(ids)
        .attribute("axis", 0L)
        .output(call.result());
  }
}
