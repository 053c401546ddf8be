// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Infers the shape of every array of a graph at given sizes of the dynamic axes, and compares it
 * with the one traced from the block.
 *
 * <p>Uses numbers rather than formulas: at the sizes of the traces the shapes are known, the
 * rounding in the formulas of windows and slices needs no algebra, and agreement at all these sizes
 * proves as much as the traces themselves do.
 */
final class ShapeChecker {

  private final OnnxGraph graph;
  private final Map<String, Long> sizes;
  private final Map<String, ArrayFact> facts = new HashMap<>();

  ShapeChecker(OnnxGraph graph, Map<String, Long> sizes) {
    this.graph = graph;
    this.sizes = sizes;
  }

  /** Checks all arrays, and returns what is known about them, by name. */
  Map<String, ArrayFact> check() {
    for (ValueInfoProto input : graph.graph().getInputList()) {
      Value traced = Objects.requireNonNull(graph.traced().get(input.getName()));
      facts.put(input.getName(), new ArrayFact(dims(traced), null));
      stated(input);
    }
    for (Initializer initializer : graph.initializers()) {
      facts.put(
          initializer.name(), new ArrayFact(initializer.dims(), SmallContents.of(initializer)));
      Value traced = graph.traced().get(initializer.name());
      if (traced != null && !dims(traced).equals(initializer.dims())) {
        throw GraphChecker.fault(
            "initializer %s has shape %s; the block gave %s"
                .formatted(initializer.name(), initializer.dims(), traced));
      }
    }
    graph.graph().getNodeList().forEach(this::check);
    graph.graph().getOutputList().forEach(this::stated);
    return facts;
  }

  private void check(NodeProto node) {
    List<@Nullable ArrayFact> inputs = new ArrayList<>();
    for (String input : node.getInputList()) {
      inputs.add(input.isEmpty() ? null : facts.get(input));
    }
    List<ArrayFact> outputs;
    try {
      outputs = ShapeInference.infer(node, graph.opset(), inputs);
    } catch (ArithmeticException | IndexOutOfBoundsException e) {
      throw GraphChecker.fault(node, "no shape follows from %s: %s".formatted(inputs, e));
    }
    for (int i = 0; i < outputs.size(); i++) {
      String name = node.getOutput(i);
      Value traced = graph.traced().get(name);
      ArrayFact found = outputs.get(i);
      if (traced != null && found.dims() == null) {
        found = new ArrayFact(dims(traced), null);
      }
      if (traced != null && !dims(traced).equals(found.dims())) {
        throw GraphChecker.fault(
            node,
            "%s has shape %s at sizes %s; the block gave %s"
                .formatted(name, found.dims(), sizes, traced));
      }
      facts.put(name, found);
    }
  }

  private List<Long> dims(Value value) {
    return value.shape().stream().map(dim -> dim.at(sizes)).toList();
  }

  /** Checks the shape that the graph declares for an input or output. */
  private void stated(ValueInfoProto value) {
    List<TensorShapeProto.Dimension> stated =
        value.getType().getTensorType().getShape().getDimList();
    List<Long> dims = Objects.requireNonNull(facts.get(value.getName())).dims();
    boolean same = dims == null || dims.size() == stated.size();
    for (int axis = 0; dims != null && same && axis < dims.size(); axis++) {
      TensorShapeProto.Dimension dim = stated.get(axis);
      same =
          dim.hasDimParam()
              ? dims.get(axis).equals(sizes.getOrDefault(dim.getDimParam(), dims.get(axis)))
              : dims.get(axis) == dim.getDimValue();
    }
    if (!same) {
      throw GraphChecker.fault(
          "%s is stated with shape %s; it has %s at sizes %s"
              .formatted(value.getName(), stated, dims, sizes));
    }
  }
}
