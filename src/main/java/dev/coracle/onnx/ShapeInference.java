// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Infers the shapes of a node's outputs from its inputs', as ONNX defines the operators.
 * Independent of the translators, so that the two agree only where both are right.
 */
final class ShapeInference {

  /** The shape function of an operator. */
  @FunctionalInterface
  interface Rule {

    /**
     * Returns the shape of each output, or null where the shapes depend on unknown content.
     *
     * @throws ExportException when ONNX forbids these inputs
     */
    @Nullable List<List<Long>> shapes(NodeFacts node);
  }

  /** Each finds the rules of one kind, which are created on demand, as in {@link Translators}. */
  private static final List<Function<String, @Nullable Rule>> RULES =
      List.of(
          ElementwiseShapes::of,
          WindowShapes::of,
          MatrixShapes::of,
          LayoutShapes::of,
          SliceShapes::of,
          IndexShapes::of);

  private ShapeInference() {}

  /** Returns the rule of one of ONNX's own operators, or null. */
  static @Nullable Rule rule(String operator) {
    for (Function<String, @Nullable Rule> kind : RULES) {
      Rule found = kind.apply(operator);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** Returns what is known about each output; nothing for operators of other domains. */
  static List<ArrayFact> infer(NodeProto node, int opset, List<@Nullable ArrayFact> inputs) {
    Rule rule = node.getDomain().isEmpty() ? rule(node.getOpType()) : null;
    List<List<Long>> shapes = null;
    NodeFacts facts = new NodeFacts(node, opset, inputs);
    if (rule != null && inputs.stream().noneMatch(i -> i != null && i.dims() == null)) {
      shapes = rule.shapes(facts);
    }
    List<ArrayFact> outputs = new ArrayList<>();
    for (int i = 0; i < node.getOutputCount(); i++) {
      List<Long> dims = shapes == null ? null : shapes.get(i);
      List<Long> content = dims == null || i > 0 ? null : SmallContents.of(facts, dims);
      outputs.add(new ArrayFact(dims, content));
    }
    return outputs;
  }

  static List<List<Long>> one(List<Long> shape) {
    return List.of(shape);
  }

  /** Broadcasts shapes as NumPy does. */
  static List<Long> broadcast(NodeFacts node, List<List<Long>> shapes) {
    int rank = shapes.stream().mapToInt(List::size).max().orElse(0);
    List<Long> result = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      long size = 1;
      for (List<Long> shape : shapes) {
        int own = axis - rank + shape.size();
        long dim = own < 0 ? 1 : shape.get(own);
        if (dim != 1 && size != 1 && dim != size) {
          throw node.wrong("shapes that broadcast, found " + shapes);
        }
        size = dim == 1 ? size : dim;
      }
      result.add(size);
    }
    return result;
  }
}
