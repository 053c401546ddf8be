// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.SparseTensorProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Writes small ONNX models (opset 17) of any operators in a few words: {@code node("Conv x w > y",
 * "strides:is=2,2")} is a Conv of x and w that gives y. An attribute is name:type=value, the type
 * i, f, s, is or fs. Weights are small numbers from a formula.
 */
final class ModelBuilder {

  static final int FLOAT = TensorProto.DataType.FLOAT.getNumber();
  static final int INT64 = TensorProto.DataType.INT64.getNumber();

  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("test");
  private int opset = 17;

  ModelBuilder opset(int version) {
    opset = version;
    return this;
  }

  ModelBuilder input(String name, long... sizes) {
    return typedInput(name, FLOAT, sizes);
  }

  ModelBuilder typedInput(String name, int type, long... sizes) {
    graph.addInput(TestModel.tensor(name, type, sizes));
    return this;
  }

  /** Adds an output of a type, its shape left to ONNX Runtime. */
  ModelBuilder output(String name, int type) {
    ValueInfoProto.Builder output = ValueInfoProto.newBuilder().setName(name);
    output.getTypeBuilder().getTensorTypeBuilder().setElemType(type);
    graph.addOutput(output);
    return this;
  }

  ModelBuilder output(String name) {
    return output(name, FLOAT);
  }

  ModelBuilder weights(String name, Integer... dims) {
    int size = Arrays.stream(dims).reduce(1, Math::multiplyExact);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = ((i * 31) % 23 - 11) / 20f;
    }
    graph.addInitializer(TestModel.floats(name, Arrays.asList(dims), values));
    return this;
  }

  ModelBuilder floats(String name, float... values) {
    graph.addInitializer(TestModel.floats(name, List.of(values.length), values));
    return this;
  }

  ModelBuilder longs(String name, long... values) {
    graph.addInitializer(longTensor(name, values));
    return this;
  }

  ModelBuilder bytes(String name, TensorProto.DataType type, byte[] values, long... dims) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.getNumber())
            .setRawData(ByteString.copyFrom(values));
    Arrays.stream(dims).forEach(tensor::addDims);
    graph.addInitializer(tensor);
    return this;
  }

  ModelBuilder initializer(TensorProto tensor) {
    graph.addInitializer(tensor);
    return this;
  }

  /** Adds a sparse initializer of some values, which come first, and a dense length. */
  ModelBuilder sparse(String name, TensorProto values, long length) {
    SparseTensorProto.Builder sparse =
        SparseTensorProto.newBuilder().setValues(values.toBuilder().setName(name)).addDims(length);
    long[] indices = LongStream.range(0, values.getDims(0)).toArray();
    sparse.setIndices(longTensor("", indices).toBuilder().clearName());
    graph.addSparseInitializer(sparse);
    return this;
  }

  static AttributeProto.Builder tensorAttribute(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.TENSOR)
        .setT(longTensor("", value).toBuilder().clearName().clearDims());
  }

  ModelBuilder node(String words, String... attributes) {
    graph.addNode(nodeProto(words, attributes));
    return this;
  }

  ModelBuilder node(NodeProto.Builder node) {
    graph.addNode(node);
    return this;
  }

  GraphProto graph() {
    return graph.build();
  }

  ModelProto model() {
    ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(8).setGraph(graph);
    model.addOpsetImportBuilder().setVersion(opset);
    model.addOpsetImportBuilder().setDomain("ai.onnx.ml").setVersion(3);
    return model.build();
  }

  static NodeProto.Builder nodeProto(String words, String... attributes) {
    String[] sides = words.split(">", -1);
    String[] left = sides[0].strip().split(" ", -1);
    NodeProto.Builder node = NodeProto.newBuilder();
    String operator = left[0];
    if (operator.startsWith("ml.")) {
      node.setDomain("ai.onnx.ml");
      operator = operator.substring(3);
    }
    node.setOpType(operator);
    for (String input : Arrays.copyOfRange(left, 1, left.length)) {
      node.addInput(input.equals("_") ? "" : input);
    }
    Arrays.stream(sides[1].strip().split(" ", -1)).forEach(node::addOutput);
    for (String attribute : attributes) {
      node.addAttribute(attribute(attribute));
    }
    return node;
  }

  static AttributeProto attribute(String words) {
    String name = words.substring(0, words.indexOf(':'));
    String type = words.substring(words.indexOf(':') + 1, words.indexOf('='));
    String value = words.substring(words.indexOf('=') + 1);
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
    switch (type) {
      case "i" -> attribute.setType(AttributeType.INT).setI(Long.parseLong(value));
      case "f" -> attribute.setType(AttributeType.FLOAT).setF(Float.parseFloat(value));
      case "s" -> attribute.setType(AttributeType.STRING).setS(ByteString.copyFromUtf8(value));
      case "is" -> {
        attribute.setType(AttributeType.INTS);
        for (String each : value.split(",", -1)) {
          attribute.addInts(Long.parseLong(each));
        }
      }
      case "fs" -> {
        attribute.setType(AttributeType.FLOATS);
        for (String each : value.split(",", -1)) {
          attribute.addFloats(Float.parseFloat(each));
        }
      }
      case "ss" -> {
        attribute.setType(AttributeType.STRINGS);
        for (String each : value.split(",", -1)) {
          attribute.addStrings(ByteString.copyFromUtf8(each));
        }
      }
      default -> throw new IllegalArgumentException(words);
    }
    return attribute.build();
  }

  static AttributeProto subgraph(String name, GraphProto graph) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.GRAPH)
        .setG(graph)
        .build();
  }

  static TensorProto longTensor(String name, long... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES);
    raw.order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(values);
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(INT64)
        .addDims(values.length)
        .setRawData(ByteString.copyFrom(raw))
        .build();
  }
}
