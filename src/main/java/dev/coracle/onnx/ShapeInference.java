// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Works out the shapes of a node's outputs from its inputs', as ONNX defines the operators. Written
 * apart from the translators, so that the two agree only where both are right.
 */
final class ShapeInference {

  /** The shape function of an operator. */
  @FunctionalInterface
  interface Rule {

    /**
     * Returns the shape of each output, or null where they follow from content that is not known.
     *
     * @throws ExportException when ONNX forbids these inputs
     */
    @Nullable List<List<Long>> shapes(NodeFacts node);
  }

  private static final Map<String, Rule> RULES = new TreeMap<>();

  static {
    RULES.putAll(ElementwiseShapes.RULES);
    RULES.putAll(WindowShapes.RULES);
    RULES.putAll(MatrixShapes.RULES);
    RULES.putAll(LayoutShapes.RULES);
    RULES.putAll(SliceShapes.RULES);
    RULES.putAll(IndexShapes.RULES);
  }

  private ShapeInference() {}

  static Set<String> operators() {
    return RULES.keySet();
  }

  /** Returns what is known of each output; operators of other domains tell nothing. */
  static List<ArrayFact> infer(NodeProto node, int opset, List<@Nullable ArrayFact> inputs) {
    Rule rule = node.getDomain().isEmpty() ? RULES.get(node.getOpType()) : null;
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

  static void putAll(Map<String, Rule> rules, Rule rule, String... operators) {
    Arrays.stream(operators).forEach(operator -> rules.put(operator, rule));
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
