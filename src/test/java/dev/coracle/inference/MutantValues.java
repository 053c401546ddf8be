// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.List;
import java.util.Random;

/** The numbers, words, attributes and operators that mutants are made of, drawn at random. */
final class MutantValues {

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

  private static final String[] OPERATORS = operators();

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

  private MutantValues() {}

  static Object value(Random random, FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case INT -> (int) number(random);
      case LONG -> number(random);
      case FLOAT -> FLOATS[random.nextInt(FLOATS.length)];
      case DOUBLE -> (double) FLOATS[random.nextInt(FLOATS.length)];
      case BOOLEAN -> random.nextBoolean();
      case STRING ->
          random.nextInt(4) == 0 ? operator(random) : WORDS[random.nextInt(WORDS.length)];
      case BYTE_STRING -> ByteString.copyFromUtf8(WORDS[random.nextInt(WORDS.length)]);
      case ENUM -> any(random, field.getEnumType().getValues());
      case MESSAGE -> throw new IllegalArgumentException(field.getFullName());
    };
  }

  /** Draws the name of one of ONNX's operators. */
  static String operator(Random random) {
    return OPERATORS[random.nextInt(OPERATORS.length)];
  }

  static long number(Random random) {
    return random.nextInt(4) == 0
        ? random.nextInt(40) - 10
        : NUMBERS[random.nextInt(NUMBERS.length)];
  }

  static AttributeProto attribute(Random random) {
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

  static <T> T any(Random random, List<T> all) {
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
