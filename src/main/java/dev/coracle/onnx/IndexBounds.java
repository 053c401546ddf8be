// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Finds how large the indices in an input may be: less than the number of rows of the table that
 * they index.
 */
final class IndexBounds {

  /** Operators that give the same indices in another form. */
  private static final Set<String> KEEP_VALUES =
      Set.of(
          "Cast",
          "Expand",
          "Flatten",
          "Identity",
          "Reshape",
          "Squeeze",
          "Tile",
          "Transpose",
          "Unsqueeze");

  private IndexBounds() {}

  /** Returns the bounds of those inputs that are indices into an initializer. */
  static Map<String, Long> of(OnnxGraph graph) {
    Map<String, Long> rows = new HashMap<>();
    for (Initializer initializer : graph.initializers()) {
      if (!initializer.dims().isEmpty()) {
        rows.put(initializer.name(), initializer.dims().get(0));
      }
    }
    Map<String, String> origins = new HashMap<>();
    for (ValueInfoProto input : graph.graph().getInputList()) {
      origins.put(input.getName(), input.getName());
    }
    Map<String, Long> bounds = new HashMap<>();
    for (NodeProto node : graph.graph().getNodeList()) {
      String operator = node.getOpType();
      if (node.getInputCount() == 0) {
        continue;
      }
      String origin = origins.get(node.getInput(0));
      if (origin != null && KEEP_VALUES.contains(operator)) {
        origins.put(node.getOutput(0), origin);
      }
      if (operator.equals("Gather") || operator.equals("GatherND")) {
        String indices = origins.get(node.getInput(1));
        Long bound = rows.get(node.getInput(0));
        boolean alongRows =
            node.getAttributeList().stream().allMatch(attribute -> attribute.getI() == 0);
        if (indices != null && bound != null && alongRows) {
          bounds.merge(indices, bound, Math::min);
        }
      }
    }
    return bounds;
  }
}
