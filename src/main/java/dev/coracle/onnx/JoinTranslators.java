// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Joins arrays along an axis, and splits them. */
final class JoinTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.concat" -> JoinTranslators::concat;
      case "NDArrayEx.stack" -> JoinTranslators::stack;
      case "NDArray.split" -> JoinTranslators::split;
      default -> null;
    };
  }

  private JoinTranslators() {}

  /** receiver.concat(others, axis); arrays of several types are promoted. */
  private static void concat(Call call, GraphBuilder graph) {
    NodeBuilder node = graph.node("Concat", call);
    parts(call, graph).forEach(node::input);
    node.attribute("axis", axis(call)).output(call.result());
  }

  /** receiver.stack(others, axis): each gets a new axis, along which they are joined. */
  private static void stack(Call call, GraphBuilder graph) {
    long axis = axis(call);
    List<String> parts =
        parts(call, graph)
            .map(
                part ->
                    graph.node("Unsqueeze", call).input(part).input(graph.constant(axis)).output())
            .toList();
    NodeBuilder node = graph.node("Concat", call);
    parts.forEach(node::input);
    node.attribute("axis", axis).output(call.result());
  }

  private static Stream<String> parts(Call call, GraphBuilder graph) {
    var type = call.result().type();
    return Stream.concat(Stream.of(call.receiver()), call.arrays(0).stream())
        .map(part -> Promotion.operand(call, graph, part, type, type))
        .toList()
        .stream(); // their nodes come before the one that takes them
  }

  private static long axis(Call call) {
    return call.arguments().size() > 1 ? call.axis(1, call.result().rank()) : 0;
  }

  /**
   * split(sections, axis) or split(indices, axis). Translated from the sizes of the resulting
   * parts, which covers both, also where the sections are unequal.
   */
  private static void split(Call call, GraphBuilder graph) {
    int axis = call.arguments().size() > 1 ? call.axis(1, call.receiver().rank()) : 0;
    if (call.results().size() == 1) {
      graph.alias(call.result(), call.receiver());
      return;
    }
    List<DimExpr> sizes = call.results().stream().map(part -> part.shape().get(axis)).toList();
    graph
        .node("Split", call)
        .input(call.receiver())
        .input(graph.shape(sizes))
        .attribute("axis", axis)
        .outputs(call.results());
  }
}
