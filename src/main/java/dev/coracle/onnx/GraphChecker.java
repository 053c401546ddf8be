// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Checks a finished graph before it is written, independently of the code that made it: names and
 * order ({@code structure}), each node against ONNX's definition of its operator ({@link
 * NodeChecker}), and the shape and type of every array against those that the block gave when it
 * was traced ({@link ShapeChecker}).
 */
final class GraphChecker {

  private GraphChecker() {}

  /**
   * Checks a graph.
   *
   * @param sizes of the dynamic axes at which the block was traced; the shapes are inferred and
   *     compared at each of them
   * @throws ExportException when the graph contradicts ONNX's rules or the traces
   */
  static void check(OnnxGraph graph, List<Map<String, Long>> sizes) {
    structure(graph);
    NodeChecker nodes = new NodeChecker(graph);
    graph.graph().getNodeList().forEach(nodes::check);
    nodes.checkOutputs();
    sizes.forEach(point -> new ShapeChecker(graph, point).check());
  }

  private static void structure(OnnxGraph checked) {
    GraphProto graph = checked.graph();
    Set<String> given = new HashSet<>();
    Set<String> used = new HashSet<>();
    Set<String> nodes = new HashSet<>();
    for (ValueInfoProto input : graph.getInputList()) {
      require(!input.getName().isEmpty(), "an input has no name");
      require(given.add(input.getName()), "input " + input.getName() + " appears twice");
    }
    for (Initializer initializer : checked.initializers()) {
      String name = initializer.name();
      require(!name.isEmpty(), "an initializer has no name");
      require(given.add(name), "initializer " + name + " has the name of another array");
    }
    for (NodeProto node : graph.getNodeList()) {
      require(
          !node.getName().isEmpty() && nodes.add(node.getName()),
          "two nodes have the name " + node.getName());
      require(
          node.getDomain().isEmpty() || checked.domains().containsKey(node.getDomain()),
          "node " + node.getName() + " is of the unknown domain " + node.getDomain());
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
    Set<String> outputs = new HashSet<>();
    for (ValueInfoProto output : graph.getOutputList()) {
      require(outputs.add(output.getName()), "output " + output.getName() + " appears twice");
      require(given.contains(output.getName()), "output " + output.getName() + " is not computed");
    }
    for (Initializer initializer : checked.initializers()) {
      require(
          used.contains(initializer.name()), "initializer " + initializer.name() + " is not used");
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw fault(otherwise);
    }
  }

  /** Makes the exception for a graph that the exporter should not have produced. */
  static ExportException fault(String what) {
    return new ExportException(
        "the graph is malformed, a fault of the exporter or of a translator of your own: " + what);
  }

  static ExportException fault(NodeProto node, String what) {
    return fault(
        "node %s, %s for %s: %s"
            .formatted(node.getName(), node.getOpType(), node.getDocString(), what));
  }
}
