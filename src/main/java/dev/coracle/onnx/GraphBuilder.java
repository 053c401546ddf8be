// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.coracle.onnx.SymbolicTrace.Call;
import dev.coracle.onnx.SymbolicTrace.Value;
import dev.coracle.onnx.TracedValue.Kind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Collects nodes and initializers of a graph. Parameters and constants become initializers when
 * they are first used, so that unused ones stay out; names are made from what they name, so that
 * the same block gives the same bytes.
 */
final class GraphBuilder {

  /** Name of the batch axis of inputs and outputs. */
  static final String BATCH_AXIS = "batch_size";

  private final GraphProto.Builder graph = GraphProto.newBuilder();
  private final Map<Integer, String> names = new HashMap<>();
  private final Map<Integer, String> parameters = new HashMap<>();
  private final Map<String, String> sharedConstants = new HashMap<>();
  private final Set<String> taken = new HashSet<>();

  private long bytes;

  GraphBuilder(String graphName, SymbolicTrace trace, List<String> outputNames) {
    graph.setName(graphName);
    for (Value input : trace.inputs()) {
      names.put(input.traced().id(), take(input.traced().name()));
      graph.addInput(describe(input.traced().name(), input));
    }
    outputNames.forEach(this::take);
    trace.calls().forEach(call -> takeParameters(call.receiver(), call.arguments()));
  }

  /** Ends the graph: each output gets its public name by a node of its own if need be. */
  GraphProto build(SymbolicTrace trace, List<String> outputNames) {
    Map<String, String> publicNames = new HashMap<>();
    for (int i = 0; i < outputNames.size(); i++) {
      Value output = trace.outputs().get(i);
      String name = nameOf(output);
      boolean made = graph.getNodeList().stream().anyMatch(n -> n.getOutputList().contains(name));
      if (made && !publicNames.containsKey(name)) {
        publicNames.put(name, outputNames.get(i));
      } else { // an input or initializer that is returned as it is, or the same array twice
        graph.addNode(
            NodeProto.newBuilder()
                .setOpType("Identity")
                .setName(outputNames.get(i) + "_identity")
                .addInput(name)
                .addOutput(outputNames.get(i)));
      }
      graph.addOutput(describe(outputNames.get(i), output));
    }
    rename(publicNames);
    return graph.build();
  }

  private void rename(Map<String, String> publicNames) {
    for (NodeProto.Builder node : graph.getNodeBuilderList()) {
      for (int i = 0; i < node.getInputCount(); i++) {
        node.setInput(i, publicNames.getOrDefault(node.getInput(i), node.getInput(i)));
      }
      for (int i = 0; i < node.getOutputCount(); i++) {
        node.setOutput(i, publicNames.getOrDefault(node.getOutput(i), node.getOutput(i)));
      }
    }
  }

  /** Starts a node for a call; {@link Node#output} ends it. */
  Node node(String operator, Call call) {
    return new Node(operator, call);
  }

  /** Makes {@code value} another name of {@code same}: no node. */
  void alias(Value value, Value same) {
    names.put(value.traced().id(), nameOf(same));
  }

  /** Returns the name of an int64 constant of rank 1. */
  String constant(List<Long> values) {
    ByteBuffer data =
        ByteBuffer.allocate(values.size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    values.forEach(data::putLong);
    return shared("shape " + values, "shape_", DataType.INT64, List.of((long) values.size()), data);
  }

  /** Returns the name of a constant of rank 0 and floating type. */
  String scalar(double value, DataType type) {
    ByteBuffer data = ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case FLOAT32 -> data.putFloat((float) value);
      case FLOAT64 -> data.putDouble(value);
      default -> throw new ExportException("a number of type " + type + " has no translation yet");
    }
    return shared(type + " " + value, "scalar_", type, List.of(), data);
  }

  private String shared(
      String key, String prefix, DataType type, List<Long> dims, ByteBuffer data) {
    return sharedConstants.computeIfAbsent(
        key, k -> initializer(fresh(prefix + sharedConstants.size()), type, dims, data.flip()));
  }

  private String nameOf(Value value) {
    String known = names.get(value.traced().id());
    if (known != null) {
      return known;
    }
    TracedValue traced = value.traced();
    if (traced.kind() == Kind.RESULT) {
      throw new IllegalStateException(traced + " is used before it is computed");
    }
    String name =
        traced.kind() == Kind.PARAMETER ? parameter(traced) : fresh("constant_" + traced.id());
    NDArray array = traced.array();
    bytes += array.size() * value.type().getNumOfBytes();
    if (bytes > Integer.MAX_VALUE) {
      throw new ExportException("the model is larger than 2 GiB, which one ONNX file cannot hold");
    }
    List<Long> dims = value.shape().stream().map(DimExpr::offset).toList();
    initializer(name, value.type(), dims, array.toByteBuffer().order(ByteOrder.LITTLE_ENDIAN));
    names.put(traced.id(), name);
    return name;
  }

  /** Takes parameters' names before any name is made up, which could be one of them. */
  private void takeParameters(Value receiver, List<?> arguments) {
    parameter(receiver.traced());
    for (Object argument : arguments) {
      if (argument instanceof Value value) {
        parameter(value.traced());
      } else if (argument instanceof List<?> list) {
        list.forEach(
            v -> {
              if (v instanceof Value value) {
                parameter(value.traced());
              }
            });
      }
    }
  }

  private String parameter(TracedValue traced) {
    if (traced.kind() == Kind.PARAMETER && !parameters.containsKey(traced.id())) {
      parameters.put(traced.id(), take(traced.name()));
    }
    return parameters.getOrDefault(traced.id(), "");
  }

  private String initializer(String name, DataType type, List<Long> dims, ByteBuffer data) {
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType((int) elementType(type))
            .addAllDims(dims)
            .setRawData(ByteString.copyFrom(data)));
    return name;
  }

  private String take(String name) {
    if (!taken.add(name)) {
      throw new ExportException(
          "two arrays of the graph would be named '%s'; inputs, outputs and parameters need names of their own"
              .formatted(name));
    }
    return name;
  }

  /** Returns the name, or a longer one if it is taken; for what nobody named. */
  private String fresh(String name) {
    return taken.contains(name) ? fresh(name + "_") : take(name);
  }

  private static ValueInfoProto describe(String name, Value value) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (DimExpr dim : value.shape()) {
      var axis = shape.addDimBuilder();
      if (dim.isConstant()) {
        axis.setDimValue(dim.offset());
      } else if (dim.equals(new DimExpr(1, 0))) {
        axis.setDimParam(BATCH_AXIS);
      } else {
        axis.setDimParam(BATCH_AXIS + "_" + dim.factor() + "_" + dim.offset());
      }
    }
    TypeProto.Tensor.Builder tensor =
        TypeProto.Tensor.newBuilder().setElemType((int) elementType(value.type())).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  /** Returns ONNX's number of an element type, from TensorProto.DataType of onnx.proto. */
  static long elementType(DataType type) {
    return switch (type) {
      case FLOAT32 -> TensorProto.DataType.FLOAT_VALUE;
      case FLOAT64 -> TensorProto.DataType.DOUBLE_VALUE;
      case UINT8 -> TensorProto.DataType.UINT8_VALUE;
      case INT8 -> TensorProto.DataType.INT8_VALUE;
      case INT32 -> TensorProto.DataType.INT32_VALUE;
      case INT64 -> TensorProto.DataType.INT64_VALUE;
      case BOOLEAN -> TensorProto.DataType.BOOL_VALUE;
      default -> throw new ExportException("element type " + type + " has no translation yet");
    };
  }

  /** A node in the making; inputs in ONNX's order. */
  final class Node {
    private final NodeProto.Builder node = NodeProto.newBuilder();
    private final List<String> pendingEmpty = new ArrayList<>();

    private Node(String operator, Call call) {
      node.setOpType(operator).setDocString(call.method());
    }

    Node input(Value value) {
      return input(nameOf(value));
    }

    Node input(String name) {
      node.addAllInput(pendingEmpty).addInput(name);
      pendingEmpty.clear();
      return this;
    }

    /** Leaves a missing input out, or empty if others follow. */
    Node optionalInput(@Nullable Value value) {
      if (value == null) {
        pendingEmpty.add("");
        return this;
      }
      return input(value);
    }

    Node attribute(String name, long value) {
      node.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.INT)
              .setI(value));
      return this;
    }

    Node attribute(String name, List<Long> values) {
      node.addAttribute(
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.INTS)
              .addAllInts(values));
      return this;
    }

    void output(Value value) {
      String name = fresh(node.getOpType().toLowerCase(Locale.ROOT) + "_" + graph.getNodeCount());
      names.put(value.traced().id(), name);
      graph.addNode(node.setName(name).addOutput(name));
    }
  }
}
