// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Makes damaged models out of sound ones. The same seed and number give the same file, so a file
 * that killed a process can be made again. Even numbers are damaged in their bytes, odd ones in
 * what they say, every other of these by {@link OperatorStorm}.
 */
final class ModelMutator {

  private final List<ModelProto> corpus;

  ModelMutator(List<ModelProto> corpus) {
    this.corpus = corpus;
  }

  byte[] mutant(long seed, int number) {
    Random random = new Random(seed * 1_000_003L + number * 7_919L);
    ModelProto base = MutantValues.any(random, corpus);
    return switch (number % 4) {
      case 0, 2 -> damaged(random, base.toByteArray());
      case 1 -> changed(random, base);
      default -> OperatorStorm.model(random).toByteArray();
    };
  }

  private byte[] damaged(Random random, byte[] bytes) {
    byte[] result = bytes;
    for (int i = random.nextInt(4); i >= 0; i--) {
      int at = random.nextInt(result.length);
      int other = at + random.nextInt(Math.min(40, result.length - at));
      switch (random.nextInt(7)) {
        case 0 -> result[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> result[at] = (byte) random.nextInt(256);
        case 2 -> result = joined(result, at, new byte[] {(byte) random.nextInt(256)}, at);
        case 3 -> result = joined(result, at, new byte[0], other); // cuts out
        case 4 -> result = joined(result, at, Arrays.copyOfRange(result, at, other), at); // doubles
        case 5 -> {
          byte[] donor = MutantValues.any(random, corpus).toByteArray();
          int from = random.nextInt(donor.length);
          int to = Math.min(donor.length, from + random.nextInt(40));
          result = joined(result, at, Arrays.copyOfRange(donor, from, to), other);
        }
        default ->
            result =
                Arrays.copyOf(result, Math.max(1, random.nextInt(8) == 0 ? at : result.length));
      }
      if (result.length == 0) {
        return new byte[1];
      }
    }
    return result;
  }

  private static byte[] joined(byte[] bytes, int end, byte[] middle, int start) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, end);
    out.write(middle, 0, middle.length);
    out.write(bytes, start, bytes.length - start);
    return out.toByteArray();
  }

  private byte[] changed(Random random, ModelProto base) {
    ModelProto.Builder model = base.toBuilder();
    for (int i = random.nextInt(4); i >= 0; i--) {
      if (model.getGraph().getNodeCount() == 0) {
        break;
      }
      change(random, model);
    }
    return model.build().toByteArray();
  }

  private void change(Random random, ModelProto.Builder model) {
    GraphProto.Builder graph = model.getGraphBuilder();
    NodeProto.Builder node = graph.getNodeBuilder(random.nextInt(graph.getNodeCount()));
    List<Message.Builder> parts = new ArrayList<>();
    switch (random.nextInt(16)) {
      case 0, 1 -> {
        collect(model, parts);
        Message.Builder part = MutantValues.any(random, parts);
        alter(random, part, MutantValues.any(random, part.getDescriptorForType().getFields()));
      }
      case 2, 3, 4 -> {
        collect(node, parts);
        Message.Builder part = MutantValues.any(random, parts);
        List<FieldDescriptor> present = new ArrayList<>(part.getAllFields().keySet());
        if (!present.isEmpty()) {
          alter(random, part, MutantValues.any(random, present));
        }
      }
      case 5 -> node.addAttribute(MutantValues.attribute(random));
      case 6 -> {
        AttributeProto attribute = MutantValues.attribute(random);
        for (int i = 0; i < node.getAttributeCount(); i++) {
          if (node.getAttribute(i).getName().equals(attribute.getName())) {
            node.setAttribute(i, attribute);
          }
        }
      }
      case 7 -> node.setOpType(MutantValues.operator(random)).clearDomain();
      case 8 -> {
        int input = random.nextInt(node.getInputCount() + 1);
        if (input < node.getInputCount()) {
          node.setInput(input, name(random, graph));
        } else {
          node.addInput(name(random, graph));
        }
      }
      case 9, 10 -> tensors(random, graph);
      case 11 -> model.getOpsetImportBuilder(0).setVersion(1 + random.nextInt(26));
      case 12 -> nest(random, graph);
      case 13 -> {
        String output = graph.getOutputCount() == 0 ? "y" : graph.getOutput(0).getName();
        NodeProto.Builder added =
            NodeProto.newBuilder()
                .setOpType(MutantValues.operator(random))
                .addOutput("added" + graph.getNodeCount());
        for (int i = random.nextInt(3); i >= 0; i--) {
          added.addInput(random.nextBoolean() ? output : name(random, graph));
        }
        graph.addNode(added);
        if (graph.getOutputCount() > 0) {
          graph.getOutputBuilder(0).setName(added.getOutput(0));
        }
      }
      case 14 -> {
        GraphProto donor = MutantValues.any(random, corpus).getGraph();
        graph.addNode(MutantValues.any(random, donor.getNodeList()));
        graph.addAllInitializer(donor.getInitializerList());
      }
      default -> {
        if (graph.getInputCount() > 0) {
          collect(graph.getInputBuilder(random.nextInt(graph.getInputCount())), parts);
          Message.Builder part = MutantValues.any(random, parts);
          alter(random, part, MutantValues.any(random, part.getDescriptorForType().getFields()));
        }
      }
    }
  }

  private static void collect(Message.Builder part, List<Message.Builder> parts) {
    parts.add(part);
    for (FieldDescriptor field : part.getAllFields().keySet()) {
      if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        continue;
      }
      if (field.isRepeated()) {
        for (int i = 0; i < part.getRepeatedFieldCount(field); i++) {
          collect(part.getRepeatedFieldBuilder(field, i), parts);
        }
      } else {
        collect(part.getFieldBuilder(field), parts);
      }
    }
  }

  private void alter(Random random, Message.Builder part, FieldDescriptor field) {
    if (!field.isRepeated()) {
      if (random.nextInt(6) == 0) {
        part.clearField(field);
      } else if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        part.setField(field, MutantValues.value(random, field));
      }
      return;
    }
    int count = part.getRepeatedFieldCount(field);
    boolean message = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
    int at = count == 0 ? 0 : random.nextInt(count);
    switch (random.nextInt(4)) {
      case 0 -> {
        List<Object> all = new ArrayList<>((List<?>) part.getField(field));
        if (!all.isEmpty()) {
          all.remove(at);
          part.setField(field, all);
        }
      }
      case 1 -> {
        if (count > 0) {
          part.addRepeatedField(field, part.getRepeatedField(field, at));
        }
      }
      default -> {
        if (!message && count > 0) {
          part.setRepeatedField(field, at, MutantValues.value(random, field));
        } else if (!message) {
          part.addRepeatedField(field, MutantValues.value(random, field));
        }
      }
    }
  }

  /** Returns the name of a value that some node, input or initializer of the graph defines. */
  private static String name(Random random, GraphProto.Builder graph) {
    List<String> names = new ArrayList<>(List.of(""));
    graph.getInputList().forEach(input -> names.add(input.getName()));
    graph.getInitializerList().forEach(tensor -> names.add(tensor.getName()));
    graph.getNodeList().forEach(node -> names.addAll(node.getOutputList()));
    return MutantValues.any(random, names);
  }

  /** Gives an initializer another shape, type or value, its data in step. */
  private static void tensors(Random random, GraphProto.Builder graph) {
    if (graph.getInitializerCount() == 0) {
      return;
    }
    TensorProto.Builder tensor =
        graph.getInitializerBuilder(random.nextInt(graph.getInitializerCount()));
    if (tensor.getDataType() == TensorProto.DataType.STRING.getNumber()) {
      return;
    }
    byte[] raw = tensor.getRawData().toByteArray();
    int kind = random.nextInt(3);
    if (kind == 0 && raw.length > 0) { // a value
      boolean longs = tensor.getDataType() == ModelBuilder.INT64 && raw.length >= Long.BYTES;
      int at = random.nextInt(longs ? raw.length / Long.BYTES : raw.length);
      long value = MutantValues.number(random);
      for (int i = 0; i < (longs ? Long.BYTES : 1); i++) {
        raw[longs ? at * Long.BYTES + i : at] = (byte) (value >> (8 * i));
      }
      tensor.setRawData(ByteString.copyFrom(raw));
      return;
    }
    if (kind == 1) {
      tensor.setDataType(1 + random.nextInt(22));
    } else {
      List<Long> dims = new ArrayList<>(tensor.getDimsList());
      if (dims.isEmpty() || random.nextInt(4) == 0) {
        dims.add(random.nextInt(dims.size() + 1), (long) random.nextInt(4));
      } else if (random.nextInt(4) == 0) {
        dims.remove(random.nextInt(dims.size()));
      } else {
        dims.set(random.nextInt(dims.size()), (long) random.nextInt(12));
      }
      tensor.clearDims().addAllDims(dims);
    }
    ElementType type = ElementType.of(tensor.getDataType());
    long elements = tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
    if (type != null && type != ElementType.STRING && elements >= 0 && elements < 1 << 20) {
      byte[] resized = new byte[(int) type.bytes(elements)];
      for (int i = 0; i < resized.length; i++) {
        resized[i] = raw.length == 0 ? 0 : raw[i % raw.length];
      }
      tensor.setRawData(ByteString.copyFrom(resized));
    }
  }

  /** Moves the last node into the branches of an If, some levels deep. */
  private static void nest(Random random, GraphProto.Builder graph) {
    int last = graph.getNodeCount() - 1;
    NodeProto inner = graph.getNode(last);
    if (inner.getOutputCount() != 1) {
      return;
    }
    for (int depth = 1 + random.nextInt(random.nextInt(10) == 0 ? 40 : 3); depth > 0; depth--) {
      GraphProto.Builder branch = GraphProto.newBuilder().setName("branch" + depth);
      branch.addNode(inner.toBuilder().setOutput(0, "in" + depth));
      branch.addOutputBuilder().setName("in" + depth);
      String condition = "condition" + depth;
      TensorProto yes =
          TensorProto.newBuilder()
              .setName(condition)
              .setDataType(TensorProto.DataType.BOOL.getNumber())
              .setRawData(ByteString.copyFrom(new byte[] {(byte) random.nextInt(2)}))
              .build();
      graph.addInitializer(yes);
      inner =
          NodeProto.newBuilder()
              .setOpType("If")
              .addInput(condition)
              .addOutput(inner.getOutput(0))
              .addAttribute(ModelBuilder.subgraph("then_branch", branch.build()))
              .addAttribute(ModelBuilder.subgraph("else_branch", branch.build()))
              .build();
      if (inner.getSerializedSize() > 1 << 16) {
        break; // each level doubles it
      }
    }
    graph.setNode(last, inner);
  }
}
