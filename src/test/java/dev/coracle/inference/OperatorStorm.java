// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Makes models of one operator, any, with attributes, operands, types and shapes at random:
 * shallow, but it reaches operators and combinations that no sound model has.
 */
final class OperatorStorm {

  private static final DataType[] TYPES = {
    DataType.FLOAT, DataType.INT64, DataType.INT32, DataType.UINT8, DataType.BOOL, DataType.DOUBLE
  };

  private static final long[][] SHAPES = {
    {},
    {1},
    {2},
    {3},
    {4},
    {0},
    {2, 3},
    {3, 2},
    {2, 2},
    {1, 4},
    {4, 4},
    {2, 0},
    {1, 1},
    {2, 3, 4},
    {1, 4, 3},
    {2, 2, 2},
    {1, 2, 4, 4},
    {1, 1, 4, 4},
    {2, 2, 3, 3},
    {1, 4, 8, 8},
    {1, 2, 2, 4, 4}
  };

  /**
   * Operators with their inputs and attributes. An input is a type (F float32, I int64, N int32, U
   * uint8, Z int8, B bool, D any of these) and, after it, the number of axes where it matters; a
   * question mark lets it be absent.
   */
  private static final String CATALOGUE =
      """
      AffineGrid F3,I1 align_corners:i
      ArgMax D axis:i keepdims:i select_last_index:i
      Attention F4,F4,F4,D?,F?,F? is_causal:i q_num_heads:i kv_num_heads:i scale:f softcap:f
      Attention F3,F3,F3,D? q_num_heads:i kv_num_heads:i is_causal:i
      AveragePool F4 kernel_shape:is strides:is pads:is dilations:is auto_pad:s ceil_mode:i count_include_pad:i
      BatchNormalization F4,F1,F1,F1,F1 epsilon:f
      BitShift U,U direction:s
      BlackmanWindow I0 periodic:i
      Cast D to:i
      CenterCropPad D,I1 axes:is
      Clip F,F0?,F0?
      Col2Im F3,I1,I1 dilations:is strides:is pads:is
      Compress D,B1 axis:i
      Concat D,D axis:i
      ConstantOfShape I1
      Conv F4,F4,F1? kernel_shape:is strides:is pads:is dilations:is group:i auto_pad:s
      Conv F3,F3,F1? kernel_shape:is strides:is pads:is dilations:is group:i auto_pad:s
      ConvInteger U4,U4,U0?,U? kernel_shape:is strides:is pads:is dilations:is group:i auto_pad:s
      ConvTranspose F4,F4,F1? kernel_shape:is strides:is pads:is dilations:is group:i output_padding:is output_shape:is
      CumSum F,I0 exclusive:i reverse:i
      DFT F3,I0?,I0? inverse:i onesided:i
      DFT F3,I0? axis:i inverse:i onesided:i
      DeformConv F4,F4,F4,F1?,F4? kernel_shape:is strides:is pads:is dilations:is group:i offset_group:i
      DepthToSpace F4 blocksize:i mode:s
      DequantizeLinear U,F,U? axis:i block_size:i
      DequantizeLinear Z,F,Z? axis:i block_size:i
      Det F2
      Dropout F,F0?,B0? seed:i
      DynamicQuantizeLinear F
      Einsum F,F equation:s
      Expand D,I1
      EyeLike F2 k:i dtype:i
      Flatten D axis:i
      GRU F3,F3,F3,F2?,N1?,F3? hidden_size:i direction:s layout:i linear_before_reset:i clip:f
      Gather D,I axis:i
      Gather D,N axis:i
      GatherElements D,I axis:i
      GatherND D,I batch_dims:i
      Gemm F2,F2,F? alpha:f beta:f transA:i transB:i
      GlobalAveragePool F4
      GlobalLpPool F4 p:i
      GlobalMaxPool F4
      GridSample F4,F4 mode:s padding_mode:s align_corners:i
      GroupNormalization F4,F1,F1 num_groups:i epsilon:f
      HammingWindow I0 periodic:i
      HannWindow N0 periodic:i
      Hardmax F axis:i
      InstanceNormalization F4,F1,F1 epsilon:f
      LRN F4 size:i alpha:f beta:f bias:f
      LSTM F3,F3,F3,F2?,N1?,F3?,F3?,F2? hidden_size:i direction:s layout:i input_forget:i clip:f
      LayerNormalization F,F,F? axis:i epsilon:f stash_type:i
      LogSoftmax F axis:i
      LpNormalization F axis:i p:i
      LpPool F4 kernel_shape:is strides:is pads:is dilations:is auto_pad:s ceil_mode:i p:i
      MatMul F,F
      MatMulInteger U,U,U?,U?
      Max F,F
      MaxPool F4 kernel_shape:is strides:is pads:is dilations:is auto_pad:s ceil_mode:i storage_order:i
      MaxPool F3 kernel_shape:is strides:is pads:is dilations:is auto_pad:s ceil_mode:i storage_order:i
      MaxRoiPool F4,F2 pooled_shape:is spatial_scale:f
      MaxUnpool F4,I4,I1? kernel_shape:is strides:is pads:is
      MeanVarianceNormalization F4 axes:is
      MelWeightMatrix I0,I0,I0,F0,F0 output_datatype:i
      Mod I,I fmod:i
      Div I,I
      Div N,N
      Multinomial F2 sample_size:i seed:f dtype:i
      NegativeLogLikelihoodLoss F2,I1,F1? ignore_index:i reduction:s
      NonMaxSuppression F3,F3,I0?,F0?,F0? center_point_box:i
      NonZero D
      OneHot I,I0,F1 axis:i
      PRelu F,F
      Pad F,I1,F0?,I1? mode:s
      Pow I,I
      QLinearConv U4,F0,U0,U4,F0,U0,F0,U0,N1? kernel_shape:is strides:is pads:is dilations:is group:i
      QLinearMatMul U,F,U,U,F,U,F0,U0
      QuantizeLinear F,F,U? axis:i block_size:i saturate:i output_dtype:i
      RMSNormalization F,F axis:i epsilon:f stash_type:i
      RNN F3,F3,F3,F2?,N1?,F3? hidden_size:i direction:s layout:i clip:f
      RandomNormal = shape:is dtype:i seed:f
      RandomNormalLike F dtype:i
      RandomUniform = shape:is dtype:i seed:f
      Bernoulli F dtype:i
      Range I0,I0,I0
      Range F0,F0,F0
      ReduceMean F,I1? keepdims:i noop_with_empty_axes:i
      ReduceSum D,I1? keepdims:i noop_with_empty_axes:i
      ReduceMax F,I1? keepdims:i
      ReduceLogSumExp F,I1? keepdims:i
      ReduceProd I,I1? keepdims:i
      Reshape D,I1 allowzero:i
      Resize F4,F?,F1?,I1? mode:s coordinate_transformation_mode:s nearest_mode:s axes:is antialias:i cubic_coeff_a:f exclude_outside:i keep_aspect_ratio_policy:s
      Resize U4,F?,F1?,I1? mode:s coordinate_transformation_mode:s axes:is antialias:i
      ReverseSequence D,I1 batch_axis:i time_axis:i
      RoiAlign F4,F2,I1 output_height:i output_width:i sampling_ratio:i spatial_scale:f mode:s coordinate_transformation_mode:s
      RotaryEmbedding F4,F,F,I? interleaved:i num_heads:i rotary_embedding_dim:i
      RotaryEmbedding F3,F,F,I? interleaved:i num_heads:i rotary_embedding_dim:i
      STFT F,I0,F1?,I0? onesided:i
      ScatterElements F,I,F axis:i reduction:s
      ScatterND F,I,F reduction:s
      SequenceAt =q,I0
      Shape D start:i end:i
      Shrink F bias:f lambd:f
      Slice D,I1,I1,I1?,I1?
      Slice D,N1,N1,N1?,N1?
      Softmax F axis:i
      SoftmaxCrossEntropyLoss F2,I1,F1? ignore_index:i reduction:s
      SpaceToDepth F4 blocksize:i
      Split D,I1? axis:i num_outputs:i
      SplitToSequence F,I axis:i keepdims:i
      Squeeze D,I1?
      Sum F,F
      TensorScatter F,F,I1? axis:i mode:s
      Tile D,I1
      TopK F,I1 axis:i largest:i sorted:i
      Transpose D perm:is
      Trilu D,I0? upper:i
      Unique D axis:i sorted:i
      Unsqueeze D,I1
      Upsample F4,F1 mode:s
      Where B,F,F
      Gelu F approximate:s
      ml.ArrayFeatureExtractor F,I
      ml.Binarizer F threshold:f
      ml.FeatureVectorizer F,F inputdimensions:is
      ml.Imputer F imputed_value_floats:fs replaced_value_float:f
      ml.LabelEncoder I keys_int64s:is values_int64s:is default_int64:i
      ml.LabelEncoder F keys_floats:fs values_floats:fs default_float:f
      ml.LinearClassifier F coefficients:fs intercepts:fs classlabels_ints:is multi_class:i post_transform:s
      ml.LinearRegressor F coefficients:fs intercepts:fs targets:i post_transform:s
      ml.Normalizer F norm:s
      ml.OneHotEncoder F cats_int64s:is zeros:i
      ml.SVMClassifier F kernel_type:s kernel_params:fs support_vectors:fs vectors_per_class:is coefficients:fs rho:fs prob_a:fs prob_b:fs classlabels_ints:is post_transform:s
      ml.SVMRegressor F kernel_type:s kernel_params:fs support_vectors:fs coefficients:fs rho:fs n_supports:i one_class:i
      ml.Scaler F offset:fs scale:fs
      ml.TreeEnsembleRegressor F n_targets:i nodes_treeids:is nodes_nodeids:is nodes_featureids:is nodes_values:fs nodes_modes:ss nodes_truenodeids:is nodes_falsenodeids:is target_treeids:is target_nodeids:is target_ids:is target_weights:fs
      ml.TreeEnsembleClassifier F nodes_treeids:is nodes_nodeids:is nodes_featureids:is nodes_values:fs nodes_modes:ss nodes_truenodeids:is nodes_falsenodeids:is class_treeids:is class_nodeids:is class_ids:is class_weights:fs classlabels_int64s:is post_transform:s
      ml.TreeEnsemble F n_targets:i tree_roots:is nodes_featureids:is nodes_truenodeids:is nodes_falsenodeids:is nodes_trueleafs:is nodes_falseleafs:is leaf_targetids:is aggregate_function:i post_transform:i
      """;

  private static final List<String> OPERATORS = CATALOGUE.lines().toList();

  private OperatorStorm() {}

  static ModelProto model(Random random) {
    String[] parts = OPERATORS.get(random.nextInt(OPERATORS.size())).split(" ", -1);
    boolean ml = parts[0].startsWith("ml.");
    NodeProto.Builder node =
        NodeProto.newBuilder()
            .setOpType(ml ? parts[0].substring(3) : parts[0])
            .setDomain(ml ? "ai.onnx.ml" : "");
    GraphProto.Builder graph = GraphProto.newBuilder().setName("storm");
    long[] shape = SHAPES[random.nextInt(SHAPES.length)];
    if (!parts[1].startsWith("=")) {
      String[] inputs = parts[1].split(",", -1);
      for (int i = 0; i < inputs.length; i++) {
        input(random, inputs[i], "x" + i, shape, node, graph);
      }
    }
    for (int i = 2; i < parts.length; i++) {
      if (random.nextInt(3) > 0) {
        node.addAttribute(MutantValues.attribute(random, parts[i]));
      }
    }
    int outputs = 1 + random.nextInt(random.nextInt(3) == 0 ? 4 : 1);
    for (int i = 0; i < outputs; i++) {
      node.addOutput("y" + i);
    }
    graph.addOutputBuilder().setName("y0"); // its type is ONNX Runtime's to tell
    graph.addNode(node);
    ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(8).setGraph(graph);
    model.addOpsetImportBuilder().setVersion(random.nextInt(3) == 0 ? 7 + random.nextInt(20) : 22);
    model.addOpsetImportBuilder().setDomain("ai.onnx.ml").setVersion(random.nextBoolean() ? 3 : 5);
    return model.build();
  }

  private static void input(
      Random random,
      String code,
      String name,
      long[] common,
      NodeProto.Builder node,
      GraphProto.Builder graph) {
    if (code.endsWith("?") && random.nextBoolean()) {
      node.addInput("");
      return;
    }
    DataType type =
        switch (code.charAt(0)) {
          case 'F' -> DataType.FLOAT;
          case 'I' -> DataType.INT64;
          case 'N' -> DataType.INT32;
          case 'U' -> DataType.UINT8;
          case 'Z' -> DataType.INT8;
          case 'B' -> DataType.BOOL;
          default -> TYPES[random.nextInt(TYPES.length)];
        };
    boolean ranked = code.length() > 1 && Character.isDigit(code.charAt(1));
    long[] dims = random.nextBoolean() ? common : SHAPES[random.nextInt(SHAPES.length)];
    if (ranked && random.nextInt(8) > 0) {
      int rank = code.charAt(1) - '0';
      dims = new long[rank];
      int most = rank == 1 ? 6 : 4;
      for (int i = 0; i < rank; i++) {
        dims[i] = random.nextInt(12) == 0 ? 0 : 1 + random.nextInt(most);
      }
    }
    node.addInput(name);
    boolean small = type != DataType.FLOAT && ranked;
    if (random.nextInt(4) < (small ? 3 : 1)) {
      graph.addInitializer(constant(random, name, type, dims));
    } else {
      graph.addInput(TestModel.tensor(name, type.getNumber(), dims));
    }
  }

  private static TensorProto constant(Random random, String name, DataType type, long[] dims) {
    List<Long> sizes = new ArrayList<>();
    Arrays.stream(dims).forEach(sizes::add);
    int elements = (int) sizes.stream().mapToLong(Long::longValue).reduce(1, (a, b) -> a * b);
    if (type == DataType.INT64) {
      long[] values = new long[elements];
      Arrays.setAll(
          values,
          i -> random.nextInt(3) == 0 ? MutantValues.number(random) : random.nextInt(6) - 1);
      return ModelBuilder.longTensor(name, values).toBuilder()
          .clearDims()
          .addAllDims(sizes)
          .build();
    }
    ElementType elementType = ElementType.of(type.getNumber());
    if (elementType == null) {
      throw new IllegalArgumentException(type.toString());
    }
    byte[] raw = new byte[(int) elementType.bytes(elements)];
    for (int i = 0; i < raw.length; i++) {
      raw[i] =
          (byte)
              (type == DataType.BOOL
                  ? random.nextInt(2)
                  : random.nextInt(4) == 0 ? random.nextInt(256) : 0);
    }
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(type.getNumber())
        .addAllDims(sizes)
        .setRawData(ByteString.copyFrom(raw))
        .build();
  }
}
