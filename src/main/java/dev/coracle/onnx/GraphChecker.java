// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.coracle.onnx.GraphBuilder.Initializer;
import java.util.HashSet;
import java.util.Set;

/**
 * Checks what ONNX asks of a graph: every name is given once and before it is used, every output is
 * computed, every initializer is used.
 */
final class GraphChecker {

  private GraphChecker() {}

  static void check(OnnxGraph checked) {
    GraphProto graph = checked.graph();
    Set<String> given = new HashSet<>();
    Set<String> used = new HashSet<>();
    for (ValueInfoProto input : graph.getInputList()) {
      require(given.add(input.getName()), "input " + input.getName() + " appears twice");
    }
    for (Initializer initializer : checked.initializers()) {
      String name = initializer.name();
      require(given.add(name), "initializer " + name + " has the name of another array");
    }
    for (NodeProto node : graph.getNodeList()) {
      for (String input : node.getInputList()) {
        require(
            input.isEmpty() || given.contains(input),
            "node " + node.getName() + " uses " + input + " before it is computed");
        used.add(input);
      }
      for (String output : node.getOutputList()) {
        require(
            output.isEmpty() || given.add(output),
            "node " + node.getName() + " computes " + output + " again");
      }
    }
    for (ValueInfoProto output : graph.getOutputList()) {
      require(given.contains(output.getName()), "output " + output.getName() + " is not computed");
    }
    for (Initializer initializer : checked.initializers()) {
      require(
          used.contains(initializer.name()), "initializer " + initializer.name() + " is not used");
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new ExportException("the graph is malformed, a fault of the exporter: " + otherwise);
    }
  }
}
