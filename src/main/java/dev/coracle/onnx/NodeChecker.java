// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.coracle.onnx.OperatorSpec.Formal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks nodes against the {@link OperatorTable}: that the operator is one of the opset, its
 * inputs, outputs, attributes and types. Follows the types through the graph, in the order of the
 * nodes.
 */
final class NodeChecker {

  private final OnnxGraph graph;
  private final Map<String, DataType> types = new HashMap<>();

  NodeChecker(OnnxGraph graph) {
    this.graph = graph;
    for (ValueInfoProto input : graph.graph().getInputList()) {
      types.put(input.getName(), declaredType(input));
    }
    graph.initializers().forEach(i -> types.put(i.name(), i.type()));
  }

  private static DataType declaredType(ValueInfoProto value) {
    return OnnxTypes.dataType(value.getType().getTensorType().getElemType());
  }

  void check(NodeProto node) {
    if (!node.getDomain().isEmpty()) { // nothing but the traced types is known about it
      node.getOutputList().forEach(output -> define(node, output, null));
      return;
    }
    OperatorSpec spec = OperatorTable.find(node.getOpType(), graph.opset());
    if (spec == null) {
      throw GraphChecker.fault(
          node,
          "opset %d has no such operator, or operators.txt lacks it".formatted(graph.opset()));
    }
    arity(node, "inputs", node.getInputList(), spec.inputs());
    arity(node, "outputs", node.getOutputList(), spec.outputs());
    attributes(node, spec);
    types(node, spec);
  }

  private static void arity(NodeProto node, String what, List<String> names, List<Formal> formals) {
    int least = OperatorSpec.least(formals);
    int most = OperatorSpec.most(formals);
    if (names.size() < least || names.size() > most) {
      throw GraphChecker.fault(
          node,
          "expected %s %s, found %d"
              .formatted(
                  most == Integer.MAX_VALUE
                      ? least + " or more"
                      : least == most ? least : least + " to " + most,
                  what,
                  names.size()));
    }
    for (int i = 0; i < names.size(); i++) {
      // Earlier outputs may be missing where only a later one is wanted.
      boolean mayMiss = OperatorSpec.at(formals, i).optional() || what.equals("outputs");
      if (names.get(i).isEmpty() && !mayMiss) {
        throw GraphChecker.fault(node, "%s %d must not be empty".formatted(what, i));
      }
    }
  }

  private static void attributes(NodeProto node, OperatorSpec spec) {
    Set<String> given = new HashSet<>();
    for (AttributeProto attribute : node.getAttributeList()) {
      AttributeType type = spec.attributes().get(attribute.getName());
      if (type != attribute.getType() || !given.add(attribute.getName())) {
        throw GraphChecker.fault(
            node,
            "expected each of the attributes %s at most once, found %s of type %s"
                .formatted(spec.attributes(), attribute.getName(), attribute.getType()));
      }
    }
    if (!given.containsAll(spec.required())) {
      throw GraphChecker.fault(
          node, "expected the attributes %s, found %s".formatted(spec.required(), given));
    }
  }

  private void types(NodeProto node, OperatorSpec spec) {
    Map<String, DataType> bound = new HashMap<>();
    for (int i = 0; i < node.getInputCount(); i++) {
      if (!node.getInput(i).isEmpty()) {
        Formal formal = OperatorSpec.at(spec.inputs(), i);
        DataType type = types.get(node.getInput(i));
        if (type == null) {
          continue; // computed by an unknown operator
        }
        DataType earlier = bound.putIfAbsent(formal.type(), type);
        if (!spec.types(formal).contains(type) || (earlier != null && earlier != type)) {
          throw GraphChecker.fault(
              node,
              "input %d, %s, is of type %s; expected %s"
                  .formatted(
                      i,
                      node.getInput(i),
                      type,
                      earlier == null || earlier == type ? spec.types(formal) : earlier));
        }
      }
    }
    for (int i = 0; i < node.getOutputCount(); i++) {
      Formal formal = OperatorSpec.at(spec.outputs(), i);
      define(node, node.getOutput(i), outputType(node, spec, formal, bound));
    }
  }

  private static @Nullable DataType outputType(
      NodeProto node, OperatorSpec spec, Formal formal, Map<String, DataType> bound) {
    DataType type = bound.get(formal.type());
    if (type == null && spec.types(formal).size() == 1) {
      type = spec.types(formal).iterator().next();
    }
    for (AttributeProto attribute : node.getAttributeList()) {
      if (node.getOpType().equals("Cast") && attribute.getName().equals("to")) {
        type = OnnxTypes.dataType((int) attribute.getI());
      }
      if (node.getOpType().equals("ConstantOfShape")) {
        type = OnnxTypes.dataType(attribute.getT().getDataType());
      }
    }
    return type == null && node.getOpType().equals("ConstantOfShape") ? DataType.FLOAT32 : type;
  }

  private void define(NodeProto node, String name, @Nullable DataType type) {
    Value traced = graph.traced().get(name);
    DataType known = type == null && traced != null ? traced.type() : type;
    if (traced != null && traced.type() != known) {
      throw GraphChecker.fault(
          node, "%s is of type %s; the block gave %s".formatted(name, known, traced));
    }
    if (known != null && !name.isEmpty()) {
      types.put(name, known);
    }
  }

  /** Compares the types that the graph declares for its outputs with those inferred. */
  void checkOutputs() {
    for (ValueInfoProto output : graph.graph().getOutputList()) {
      DataType type = Objects.requireNonNullElse(types.get(output.getName()), DataType.UNKNOWN);
      if (type != declaredType(output)) {
        throw GraphChecker.fault(
            "output %s is stated as %s; it is %s"
                .formatted(output.getName(), declaredType(output), type));
      }
    }
  }
}
