// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
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

  private static final long[] NUMBERS = {
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    16,
    64,
    255,
    256,
    1000,
    65_536,
    1L << 24,
    Integer.MAX_VALUE,
    1L << 31,
    1L << 32,
    1L << 40,
    Long.MAX_VALUE / 2,
    Long.MAX_VALUE,
    -1,
    -2,
    -3,
    -8,
    -100,
    Integer.MIN_VALUE,
    Long.MIN_VALUE
  };

  private static final float[] FLOATS = {
    0, 1, -1, 0.5f, 2, 1e-30f, 1e30f, -1e30f, Float.NaN, Float.POSITIVE_INFINITY, 1e9f
  };

  static final String[] OPERATORS = operators();

  private static final String[] ATTRIBUTES = {
    "axis:i",
    "axes:is",
    "strides:is",
    "pads:is",
    "dilations:is",
    "kernel_shape:is",
    "group:i",
    "perm:is",
    "keepdims:i",
    "output_shape:is",
    "output_padding:is",
    "blocksize:i",
    "p:i",
    "size:i",
    "to:i",
    "hidden_size:i",
    "batch_dims:i",
    "num_outputs:i",
    "split:is",
    "k:i",
    "ceil_mode:i",
    "storage_order:i",
    "alpha:f",
    "beta:f",
    "mode:s",
    "auto_pad:s",
    "epsilon:f",
    "transA:i",
    "transB:i",
    "axis:is",
    "direction:s",
    "layout:i",
    "block_size:i",
    "dtype:i",
    "noop_with_empty_axes:i",
    "starts:is",
    "ends:is",
    "repeats:is",
    "shape:is",
    "scales:fs",
    "value_ints:is",
    "value_int:i",
    "num_heads:i",
    "q_num_heads:i",
    "kv_num_heads:i",
    "output_height:i",
    "output_width:i",
    "sampling_ratio:i",
    "spatial_scale:f",
    "seed:f",
    "max_gram_length:i",
    "min_gram_length:i",
    "max_skip_count:i",
    "n_targets:i",
    "num_scan_inputs:i",
    "batch_axis:i",
    "time_axis:i",
    "reduction:s",
    "equation:s",
    "detect_negative:i",
    "count_include_pad:i",
    "exclusive:i",
    "upper:i",
    "onesided:i",
    "inverse:i",
    "num_groups:i"
  };

  private static final String[] WORDS = {
    "",
    "linear",
    "cubic",
    "nearest",
    "constant",
    "reflect",
    "edge",
    "wrap",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "NOTSET",
    "forward",
    "reverse",
    "bidirectional",
    "DCR",
    "CRD",
    "add",
    "mul",
    "max",
    "none",
    "ij,jk->ik",
    "i...->...",
    "ii->i",
    "->",
    "ij->",
    "i,j->ijk",
    "BRANCH_LEQ",
    "LEAF",
    "SOFTMAX",
    "LOGISTIC",
    "PROBIT",
    "LEFT",
    "RIGHT",
    "ai.onnx.ml",
    "ai.onnx",
    "com.microsoft",
    "align_corners",
    "asymmetric",
    "tf_crop_and_resize",
    "pytorch_half_pixel",
    "zeros",
    "circular",
    "../../canary",
    "x",
    "y",
    "w",
    "RBF",
    "POLY",
    "TFIDF",
    "border"
  };

  private final List<ModelProto> corpus;

  ModelMutator(List<ModelProto> corpus) {
    this.corpus = corpus;
  }

  byte[] mutant(long seed, int number) {
    Random random = new Random(seed * 1_000_003L + number * 7_919L);
    ModelProto base = any(random, corpus);
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
          byte[] donor = any(random, corpus).toByteArray();
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
        Message.Builder part = any(random, parts);
        alter(random, part, any(random, part.getDescriptorForType().getFields()));
      }
      case 2, 3, 4 -> {
        collect(node, parts);
        Message.Builder part = any(random, parts);
        List<FieldDescriptor> present = new ArrayList<>(part.getAllFields().keySet());
        if (!present.isEmpty()) {
          alter(random, part, any(random, present));
        }
      }
      case 5 -> node.addAttribute(attribute(random));
      case 6 -> {
        AttributeProto attribute = attribute(random);
        for (int i = 0; i < node.getAttributeCount(); i++) {
          if (node.getAttribute(i).getName().equals(attribute.getName())) {
            node.setAttribute(i, attribute);
          }
        }
      }
      case 7 -> node.setOpType(OPERATORS[random.nextInt(OPERATORS.length)]).clearDomain();
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
                .setOpType(OPERATORS[random.nextInt(OPERATORS.length)])
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
        GraphProto donor = any(random, corpus).getGraph();
        graph.addNode(any(random, donor.getNodeList()));
        graph.addAllInitializer(donor.getInitializerList());
      }
      default -> {
        if (graph.getInputCount() > 0) {
          collect(graph.getInputBuilder(random.nextInt(graph.getInputCount())), parts);
          Message.Builder part = any(random, parts);
          alter(random, part, any(random, part.getDescriptorForType().getFields()));
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
        part.setField(field, value(random, field));
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
          part.setRepeatedField(field, at, value(random, field));
        } else if (!message) {
          part.addRepeatedField(field, value(random, field));
        }
      }
    }
  }

  private static Object value(Random random, FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case INT -> (int) number(random);
      case LONG -> number(random);
      case FLOAT -> FLOATS[random.nextInt(FLOATS.length)];
      case DOUBLE -> (double) FLOATS[random.nextInt(FLOATS.length)];
      case BOOLEAN -> random.nextBoolean();
      case STRING ->
          random.nextInt(4) == 0
              ? OPERATORS[random.nextInt(OPERATORS.length)]
              : WORDS[random.nextInt(WORDS.length)];
      case BYTE_STRING -> ByteString.copyFromUtf8(WORDS[random.nextInt(WORDS.length)]);
      case ENUM -> any(random, field.getEnumType().getValues());
      case MESSAGE -> throw new IllegalArgumentException(field.getFullName());
    };
  }

  static long number(Random random) {
    return random.nextInt(4) == 0
        ? random.nextInt(40) - 10
        : NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private static AttributeProto attribute(Random random) {
    return attribute(random, ATTRIBUTES[random.nextInt(ATTRIBUTES.length)]);
  }

  /** Makes an attribute of a name and type, "axis:i", with any value. */
  static AttributeProto attribute(Random random, String words) {
    String[] parts = words.split(":", -1);
    AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(parts[0]);
    switch (parts[1]) {
      case "i" ->
          attribute
              .setType(AttributeType.INT)
              .setI(random.nextInt(3) == 0 ? number(random) : random.nextInt(4));
      case "f" ->
          attribute.setType(AttributeType.FLOAT).setF(FLOATS[random.nextInt(FLOATS.length)]);
      case "s" ->
          attribute
              .setType(AttributeType.STRING)
              .setS(ByteString.copyFromUtf8(WORDS[random.nextInt(WORDS.length)]));
      case "ss" -> {
        attribute.setType(AttributeType.STRINGS);
        for (int i = random.nextInt(4); i > 0; i--) {
          attribute.addStrings(ByteString.copyFromUtf8(WORDS[random.nextInt(WORDS.length)]));
        }
      }
      case "fs" -> {
        attribute.setType(AttributeType.FLOATS);
        for (int i = random.nextInt(5); i > 0; i--) {
          attribute.addFloats(FLOATS[random.nextInt(FLOATS.length)]);
        }
      }
      default -> {
        attribute.setType(AttributeType.INTS);
        boolean sane = random.nextBoolean();
        for (int i = random.nextInt(3) == 0 ? random.nextInt(6) : 2; i > 0; i--) {
          attribute.addInts(
              sane || random.nextInt(3) == 0 ? 1 + random.nextInt(3) : number(random));
        }
      }
    }
    return attribute.build();
  }

  /** Returns the name of a value that some node, input or initializer of the graph defines. */
  private static String name(Random random, GraphProto.Builder graph) {
    List<String> names = new ArrayList<>(List.of(""));
    graph.getInputList().forEach(input -> names.add(input.getName()));
    graph.getInitializerList().forEach(tensor -> names.add(tensor.getName()));
    graph.getNodeList().forEach(node -> names.addAll(node.getOutputList()));
    return any(random, names);
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
      long value = number(random);
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

  private static <T> T any(Random random, List<T> all) {
    return all.get(random.nextInt(all.size()));
  }

  private static String[] operators() {
    return ("Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool"
            + " BatchNormalization Bernoulli BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor"
            + " BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat"
            + " ConcatFromSequence Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh"
            + " CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div Dropout"
            + " DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU"
            + " Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool"
            + " GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow"
            + " HannWindow HardSigmoid HardSwish Hardmax Identity If ImageDecoder"
            + " InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less"
            + " LessOrEqual Log LogSoftmax Loop LpNormalization LpPool MatMul MatMulInteger Max"
            + " MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min"
            + " Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero"
            + " Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pad Pow"
            + " QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal"
            + " RandomNormalLike RandomUniform RandomUniformLike Range Reciprocal ReduceL1"
            + " ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd"
            + " ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape Resize ReverseSequence"
            + " RoiAlign RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND Selu"
            + " SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert"
            + " SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax"
            + " SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt"
            + " Squeeze StringConcat StringNormalizer StringSplit Sub Sum Swish Tan Tanh"
            + " TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique"
            + " Unsqueeze Upsample Where Xor")
        .split(" ", -1);
  }
}
