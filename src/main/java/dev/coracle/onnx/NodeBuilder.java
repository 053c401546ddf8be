// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A node under construction; its inputs are added in ONNX's order. */
public final class NodeBuilder {

  private final GraphBuilder graph;
  private final NodeProto.Builder node = NodeProto.newBuilder();
  private final List<String> pendingEmpty = new ArrayList<>();
  private final String prefix;

  NodeBuilder(GraphBuilder graph, String operator, String doc, String prefix) {
    this.graph = graph;
    this.prefix = prefix;
    node.setOpType(operator).setDocString(doc);
  }

  NodeBuilder domain(String domain) {
    node.setDomain(domain);
    return this;
  }

  public NodeBuilder input(Value value) {
    return input(graph.name(value));
  }

  /** Adds an array by its name, as given by {@link GraphBuilder}. */
  public NodeBuilder input(String name) {
    node.addAllInput(pendingEmpty).addInput(name);
    pendingEmpty.clear();
    return this;
  }

  /** Adds an input, or omits it if it is null, with an empty name if others follow. */
  public NodeBuilder optionalInput(@Nullable Value value) {
    if (value == null) {
      return noInput();
    }
    return input(value);
  }

  /** Omits an input, with an empty name if others follow. */
  public NodeBuilder noInput() {
    pendingEmpty.add("");
    return this;
  }

  public NodeBuilder attribute(String name, long value) {
    return attribute(name, AttributeProto.AttributeType.INT, b -> b.setI(value));
  }

  public NodeBuilder attribute(String name, float value) {
    return attribute(name, AttributeProto.AttributeType.FLOAT, b -> b.setF(value));
  }

  public NodeBuilder attribute(String name, String value) {
    var bytes = ByteString.copyFromUtf8(value);
    return attribute(name, AttributeProto.AttributeType.STRING, b -> b.setS(bytes));
  }

  public NodeBuilder attribute(String name, List<Long> values) {
    return attribute(name, AttributeProto.AttributeType.INTS, b -> b.addAllInts(values));
  }

  public NodeBuilder attributeStrings(String name, List<String> values) {
    List<ByteString> bytes = values.stream().map(ByteString::copyFromUtf8).toList();
    return attribute(name, AttributeProto.AttributeType.STRINGS, b -> b.addAllStrings(bytes));
  }

  NodeBuilder attribute(String name, TensorProto value) {
    return attribute(name, AttributeProto.AttributeType.TENSOR, b -> b.setT(value));
  }

  private NodeBuilder attribute(
      String name, AttributeProto.AttributeType type, Consumer<AttributeProto.Builder> value) {
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name).setType(type);
    value.accept(attribute);
    node.addAttribute(attribute);
    return this;
  }

  /** Ends the node, which computes an array of the program. */
  public void output(Value value) {
    graph.name(value, output());
  }

  /** Ends the node, which computes several arrays of the program. */
  public void outputs(List<Value> values) {
    List<String> names = outputs(values.size());
    for (int i = 0; i < values.size(); i++) {
      graph.name(values.get(i), names.get(i));
    }
  }

  /** Ends the node, and returns the names of its first outputs. */
  public List<String> outputs(int count) {
    String name = freshName();
    node.setName(name);
    for (int i = 0; i < count; i++) {
      node.addOutput(graph.fresh(name + "_" + i));
    }
    graph.add(node.build());
    return List.copyOf(node.getOutputList());
  }

  /** Ends the node, which computes an intermediate array, and returns that array's name. */
  public String output() {
    return output(freshName());
  }

  /** Ends the node, of which only the output at {@code index} is wanted. */
  public String outputAt(int index) {
    String name = freshName();
    for (int i = 0; i < index; i++) {
      node.addOutput("");
    }
    graph.add(node.setName(name).addOutput(name).build());
    return name;
  }

  String output(String name) {
    graph.add(node.setName(name).addOutput(name).build());
    return name;
  }

  private String freshName() {
    String operator = node.getOpType().toLowerCase(Locale.ROOT);
    return graph.fresh(prefix + operator + "_" + graph.nodeCount());
  }
}
