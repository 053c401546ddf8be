// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** Small models of many kinds, all of which ONNX Runtime opens and runs: what mutants come from. */
final class SoakModels {

  private static final int BOOL = DataType.BOOL.getNumber();
  private static final int UINT8 = DataType.UINT8.getNumber();
  private static final int INT64 = ModelBuilder.INT64;

  private SoakModels() {}

  static List<ModelProto> all() {
    List<ModelProto> models = new ArrayList<>();
    images(models);
    shapes(models);
    sequences(models);
    control(models);
    trees(models);
    return models;
  }

  private static ModelBuilder image() {
    return new ModelBuilder().input("x", 1, 4, 8, 8).output("y");
  }

  private static ModelBuilder rows() {
    return new ModelBuilder().input("x", 2, 6).output("y");
  }

  private static void images(List<ModelProto> models) {
    models.add(
        image()
            .weights("w", 8, 4, 3, 3)
            .weights("b", 8)
            .node(
                "Conv x w b > y",
                "strides:is=2,2",
                "pads:is=1,1,1,1",
                "dilations:is=1,1",
                "group:i=1",
                "kernel_shape:is=3,3")
            .model());
    models.add(
        image()
            .weights("w", 4, 1, 3, 3)
            .node("Conv x w > c", "group:i=4", "auto_pad:s=SAME_UPPER")
            .node("Relu c > y")
            .model());
    models.add(
        image()
            .weights("w", 4, 2, 3, 3)
            .node(
                "ConvTranspose x w > y",
                "strides:is=2,2",
                "group:i=2",
                "output_padding:is=1,1",
                "pads:is=1,1,1,1")
            .model());
    models.add(
        image()
            .node("MaxPool x > y", "kernel_shape:is=2,2", "strides:is=2,2", "ceil_mode:i=1")
            .model());
    models.add(
        image()
            .node(
                "AveragePool x > y",
                "kernel_shape:is=3,3",
                "pads:is=1,1,1,1",
                "count_include_pad:i=1")
            .model());
    models.add(image().node("LpPool x > y", "kernel_shape:is=2,2", "p:i=2").model());
    models.add(image().node("GlobalAveragePool x > y").model());
    models.add(
        image()
            .weights("s", 4)
            .weights("b", 4)
            .weights("m", 4)
            .floats("v", 1, 1, 1, 1)
            .weights("w", 4, 4, 1, 1)
            .node("Conv x w > c")
            .node("BatchNormalization c s b m v > n", "epsilon:f=0.001")
            .node("Relu n > y")
            .model());
    models.add(
        image()
            .weights("s", 4)
            .weights("b", 4)
            .node("InstanceNormalization x s b > n")
            .node("LRN n > y", "size:i=3")
            .model());
    models.add(
        image()
            .floats("scales", 1, 1, 2, 2)
            .node(
                "Resize x _ scales > y",
                "mode:s=linear",
                "coordinate_transformation_mode:s=half_pixel")
            .model());
    models.add(
        image()
            .longs("sizes", 1, 4, 5, 5)
            .node("Resize x _ _ sizes > y", "mode:s=cubic", "cubic_coeff_a:f=-0.5")
            .model());
    models.add(
        new ModelBuilder()
            .opset(9)
            .input("x", 1, 4, 8, 8)
            .output("y")
            .floats("scales", 1, 1, 2, 2)
            .node("Upsample x scales > y", "mode:s=nearest")
            .model());
    models.add(
        image()
            .longs("pads", 0, 0, 1, 1, 0, 0, 1, 1)
            .floats("v", 0)
            .node("Pad x pads > p", "mode:s=reflect")
            .node("Pad p pads > q", "mode:s=edge")
            .node("Pad q pads > y", "mode:s=constant")
            .model());
    models.add(
        image()
            .node("SpaceToDepth x > d", "blocksize:i=2")
            .node("DepthToSpace d > y", "blocksize:i=2", "mode:s=DCR")
            .model());
    models.add(
        image()
            .floats("roi", 0, 0, 4, 4)
            .initializer(ModelBuilder.longTensor("batch", 0))
            .longs("shape", 1, 4)
            .node("Reshape roi shape > r")
            .node(
                "RoiAlign x r batch > y",
                "output_height:i=2",
                "output_width:i=2",
                "sampling_ratio:i=2",
                "spatial_scale:f=1")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 1, 8, 8)
            .output("y")
            .weights("w", 2, 1, 3, 3)
            .weights("f", 72, 3)
            .node("Conv x w > c")
            .node("Relu c > r")
            .node("Flatten r > t", "axis:i=1")
            .node("Gemm t f > g")
            .node("LogSoftmax g > y", "axis:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .opset(16)
            .input("x", 1, 2, 4, 4)
            .output("y")
            .weights("grid", 1, 3, 3, 2)
            .node("GridSample x grid > y", "mode:s=bilinear", "padding_mode:s=zeros")
            .model());
    models.add(
        new ModelBuilder()
            .typedInput("x", UINT8, 1, 4, 8, 8)
            .output("y")
            .floats("s", 0.1f)
            .bytes("z", DataType.UINT8, new byte[] {3})
            .bytes("w", DataType.INT8, new byte[4 * 4 * 3 * 3], 4, 4, 3, 3)
            .bytes("wz", DataType.INT8, new byte[1])
            .initializer(TestModel.floats("scale", List.of(), 0.1f))
            .node("QLinearConv x scale z w scale wz scale z > q", "pads:is=1,1,1,1")
            .node("DequantizeLinear q scale z > y")
            .model());
    models.add(
        image()
            .initializer(TestModel.floats("scale", List.of(), 0.1f))
            .bytes("z", DataType.UINT8, new byte[] {3})
            .node("QuantizeLinear x scale z > q")
            .bytes("w", DataType.UINT8, new byte[4 * 4 * 1 * 1], 4, 4, 1, 1)
            .node("ConvInteger q w z z > c")
            .node("Cast c > y", "to:i=1")
            .model());
    models.add(
        image()
            .initializer(TestModel.floats("scale", List.of(), 0.1f))
            .bytes("z", DataType.UINT8, new byte[] {3})
            .weights("w", 4, 4, 3, 3)
            .node("QuantizeLinear x scale z > q")
            .node("DequantizeLinear q scale z > d")
            .node("QuantizeLinear w scale z > wq")
            .node("DequantizeLinear wq scale z > wd")
            .node("Conv d wd > c")
            .node("QuantizeLinear c scale z > cq")
            .node("DequantizeLinear cq scale z > y")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 8, 2)
            .output("y")
            .longs("indices", 0, 2)
            .longs("k", 3)
            .node("TopK x k > v i", "axis:i=1", "largest:i=1")
            .node("Gather v indices > y", "axis:i=1")
            .model());
  }

  private static void shapes(List<ModelProto> models) {
    models.add(
        rows()
            .longs("s", 3, -1)
            .node("Reshape x s > r")
            .node("Transpose r > y", "perm:is=1,0")
            .model());
    models.add(
        rows()
            .longs("from", 1)
            .longs("to", 5)
            .longs("axes", 1)
            .longs("step", 2)
            .node("Slice x from to axes step > y")
            .model());
    models.add(
        rows()
            .longs("i", 1, 0, 1)
            .node("Gather x i > g", "axis:i=1")
            .node("Concat g x > y", "axis:i=1")
            .model());
    models.add(
        rows()
            .longs("i", 0, 1)
            .longs("s", 1, 2)
            .node("Reshape i s > j")
            .node("GatherND x j > y", "batch_dims:i=0")
            .model());
    models.add(
        rows()
            .longs("i", 0, 1, 1, 0)
            .longs("s", 2, 2)
            .node("Reshape i s > j")
            .node("GatherElements x j > g", "axis:i=1")
            .weights("u", 2, 2)
            .node("ScatterElements x j u > y", "axis:i=1", "reduction:s=add")
            .model());
    models.add(
        rows()
            .longs("i", 0, 1)
            .longs("s", 1, 2)
            .floats("u", 3)
            .node("Reshape i s > j")
            .node("ScatterND x j u > y")
            .model());
    models.add(
        rows()
            .longs("r", 2, 3)
            .node("Tile x r > t")
            .longs("s", 3, 4, 18)
            .node("Expand t s > y")
            .model());
    models.add(
        rows()
            .longs("parts", 2, 4)
            .node("Split x parts > a b", "axis:i=1")
            .node("ReduceSum a > c", "keepdims:i=1")
            .node("Add b c > y")
            .model());
    models.add(
        rows()
            .longs("axes", 0)
            .node("Unsqueeze x axes > u")
            .node("Squeeze u axes > s")
            .node("ReduceMean s > m", "axes:is=1", "keepdims:i=0")
            .node("Shape x > d", "start:i=0", "end:i=2")
            .node("ConstantOfShape d > f")
            .node("Add f x > y")
            .model());
    models.add(
        rows()
            .node("ArgMax x > a", "axis:i=1", "keepdims:i=0", "select_last_index:i=0")
            .longs("depth", 6)
            .floats("v", 0, 1)
            .node("OneHot a depth v > o", "axis:i=-1")
            .node("CumSum o axis > y", "exclusive:i=0")
            .initializer(scalar("axis", 1))
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 6)
            .output("y", INT64)
            .node("NonZero x > n")
            .node("Transpose n > y")
            .model());
    models.add(
        rows()
            .initializer(scalar("a", 0))
            .initializer(scalar("b", 12))
            .initializer(scalar("c", 2))
            .node("Range a b c > r")
            .node("Cast r > f", "to:i=1")
            .node("Mul x f > y")
            .model());
    models.add(
        rows()
            .node("Trilu x > t", "upper:i=1")
            .node("EyeLike t > e", "k:i=1")
            .node("Where c e x > y")
            .bytes("c", DataType.BOOL, new byte[] {0, 1, 0, 1, 0, 1}, 6)
            .model());
    models.add(
        rows()
            .weights("w", 6, 6)
            .node("Einsum x w > e", "equation:s=ij,jk->ik")
            .node("MatMul e w > m")
            .node("Clip m > c")
            .node("Hardmax c > h", "axis:i=1")
            .node("Mod h x > y", "fmod:i=1")
            .model());
    models.add(
        rows()
            .bytes("d", DataType.INT64, new byte[96], 2, 6)
            .node("ReverseSequence x lengths > y", "batch_axis:i=0", "time_axis:i=1")
            .longs("lengths", 3, 6)
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 8, 4)
            .output("y")
            .longs("d", 1, 2, 4, 4)
            .longs("blocks", 2, 2)
            .longs("image", 3, 3)
            .opset(18)
            .node(
                "Col2Im x image blocks > y",
                "dilations:is=1,1",
                "strides:is=1,1",
                "pads:is=0,0,0,0")
            .model());
    models.add(
        new ModelBuilder()
            .input("b", 1, 4, 4)
            .input("s", 1, 1, 4)
            .output("y", INT64)
            .longs("n", 3)
            .floats("iou", 0.5f)
            .floats("score", 0.1f)
            .node("NonMaxSuppression b s n iou score > y", "center_point_box:i=0")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 16, 1)
            .output("y")
            .initializer(scalar("n", 8))
            .node("DFT x n > d", "axis:i=1", "onesided:i=1")
            .node("Identity d > y")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 32)
            .output("y")
            .initializer(scalar("step", 4))
            .initializer(scalar("frame", 8))
            .floats("window", 1, 1, 1, 1, 1, 1, 1, 1)
            .node("STFT x step window frame > y", "onesided:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3, 4)
            .output("y")
            .longs("k", 2)
            .longs("kd", 1)
            .node("Unique x > u i v c", "axis:i=0", "sorted:i=1")
            .node("Identity u > y")
            .model());
  }

  private static void sequences(List<ModelProto> models) {
    models.add(
        new ModelBuilder()
            .input("x", 3, 2, 4)
            .output("y")
            .weights("w", 1, 20, 4)
            .weights("r", 1, 20, 5)
            .weights("b", 1, 40)
            .node("LSTM x w r b > y", "hidden_size:i=5", "direction:s=forward")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 3, 2, 4)
            .output("y")
            .weights("w", 2, 15, 4)
            .weights("r", 2, 15, 5)
            .node(
                "GRU x w r > y",
                "hidden_size:i=5",
                "direction:s=bidirectional",
                "linear_before_reset:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 3, 2, 4)
            .output("y")
            .weights("w", 1, 5, 4)
            .weights("r", 1, 5, 5)
            .node("RNN x w r > y", "hidden_size:i=5", "layout:i=0")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 1, 6, 8)
            .output("y")
            .weights("wq", 8, 8)
            .weights("wk", 8, 8)
            .weights("wv", 8, 8)
            .floats("scale", 0.35f)
            .weights("g", 8)
            .weights("h", 8)
            .node("LayerNormalization x g h > n", "axis:i=-1")
            .node("MatMul n wq > q")
            .node("MatMul n wk > k")
            .node("MatMul n wv > v")
            .node("Transpose k > kt", "perm:is=0,2,1")
            .node("MatMul q kt > s")
            .node("Mul s scale > ss")
            .node("Softmax ss > p", "axis:i=-1")
            .node("MatMul p v > a")
            .node("Add a x > z")
            .node("Erf z > e")
            .node("Mul e z > y")
            .model());
    models.add(
        new ModelBuilder()
            .opset(23)
            .input("q", 1, 2, 4, 8)
            .input("k", 1, 2, 6, 8)
            .input("v", 1, 2, 6, 8)
            .output("y")
            .node("Attention q k v > y", "is_causal:i=0", "scale:f=0.3")
            .model());
    models.add(
        rows()
            .node("SplitToSequence x > s", "axis:i=1", "keepdims:i=1")
            .initializer(scalar("at", 1))
            .node("SequenceAt s at > t")
            .node("SequenceInsert s t > i")
            .node("ConcatFromSequence i > y", "axis:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .typedInput("x", UINT8, 2, 6)
            .output("y")
            .bytes("w", DataType.UINT8, new byte[24], 6, 4)
            .node("MatMulInteger x w > m")
            .node("BitShift x x > s", "direction:s=LEFT")
            .node("Cast m > y", "to:i=1")
            .model());
    models.add(
        new ModelBuilder()
            .opset(21)
            .input("x", 2, 8)
            .output("y")
            .weights("s", 2, 2)
            .bytes("w", DataType.INT4, new byte[8], 2, 8)
            .node("DequantizeLinear w s > d", "axis:i=1", "block_size:i=4")
            .node("Add x d > y")
            .model());
  }

  private static void control(List<ModelProto> models) {
    ValueInfoProto result = value("r", ModelBuilder.FLOAT);
    GraphProto relu = branch("Relu x > r", result);
    GraphProto neg = branch("Neg x > r", result);
    NodeProto.Builder choice =
        ModelBuilder.nodeProto("If c > y")
            .addAttribute(ModelBuilder.subgraph("then_branch", relu))
            .addAttribute(ModelBuilder.subgraph("else_branch", neg));
    models.add(rows().typedInput("c", BOOL).node(choice).model());
    GraphProto body =
        new ModelBuilder()
            .typedInput("i", INT64)
            .typedInput("c0", BOOL)
            .input("h", 2, 6)
            .node("Add h x > h2")
            .node("Identity c0 > c2")
            .output("c2", BOOL)
            .output("h2")
            .graph();
    models.add(
        rows()
            .initializer(scalar("n", 3))
            .node(
                ModelBuilder.nodeProto("Loop n _ x > y")
                    .addAttribute(ModelBuilder.subgraph("body", body)))
            .model());
    GraphProto step =
        new ModelBuilder()
            .input("s", 6)
            .input("e", 6)
            .node("Add s e > s2")
            .node("Identity s2 > o")
            .output("s2")
            .output("o")
            .graph();
    models.add(
        rows()
            .weights("w", 6)
            .node(
                ModelBuilder.nodeProto("Scan w x > last y", "num_scan_inputs:i=1")
                    .addAttribute(ModelBuilder.subgraph("body", step)))
            .model());
    AttributeProto value =
        AttributeProto.newBuilder()
            .setName("value")
            .setType(AttributeProto.AttributeType.TENSOR)
            .setT(TestModel.floats("", List.of(6), 1, 2, 3, 4, 5, 6))
            .build();
    models.add(
        rows()
            .node(NodeProto.newBuilder().setOpType("Constant").addOutput("k").addAttribute(value))
            .node("Mul x k > y")
            .model());
    ModelProto.Builder sparse = rows().node("Mul x k > y").model().toBuilder();
    sparse
        .getGraphBuilder()
        .addSparseInitializerBuilder()
        .addDims(6)
        .setValues(TestModel.floats("k", List.of(2), 1, 2))
        .setIndices(ModelBuilder.longTensor("", 1, 4));
    models.add(sparse.build());
  }

  private static void trees(List<ModelProto> models) {
    models.add(
        new ModelBuilder()
            .input("x", 2, 3)
            .output("y")
            .node(
                "ml.TreeEnsembleRegressor x > y",
                "n_targets:i=1",
                "nodes_treeids:is=0,0,0",
                "nodes_nodeids:is=0,1,2",
                "nodes_featureids:is=1,0,0",
                "nodes_values:fs=0.5,0,0",
                "nodes_modes:ss=BRANCH_LEQ,LEAF,LEAF",
                "nodes_truenodeids:is=1,0,0",
                "nodes_falsenodeids:is=2,0,0",
                "target_treeids:is=0,0",
                "target_nodeids:is=1,2",
                "target_ids:is=0,0",
                "target_weights:fs=1,2")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3)
            .output("y", INT64)
            .output("p")
            .node(
                "ml.TreeEnsembleClassifier x > y p",
                "nodes_treeids:is=0,0,0",
                "nodes_nodeids:is=0,1,2",
                "nodes_featureids:is=1,0,0",
                "nodes_values:fs=0.5,0,0",
                "nodes_modes:ss=BRANCH_LT,LEAF,LEAF",
                "nodes_truenodeids:is=1,0,0",
                "nodes_falsenodeids:is=2,0,0",
                "class_treeids:is=0,0",
                "class_nodeids:is=1,2",
                "class_ids:is=0,1",
                "class_weights:fs=1,2",
                "classlabels_int64s:is=0,1",
                "post_transform:s=SOFTMAX")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3)
            .output("y", INT64)
            .output("p")
            .node(
                "ml.LinearClassifier x > y p",
                "coefficients:fs=1,2,3,4,5,6",
                "intercepts:fs=0,1",
                "classlabels_ints:is=0,1",
                "multi_class:i=0")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3)
            .output("y", INT64)
            .output("p")
            .node(
                "ml.SVMClassifier x > y p",
                "kernel_type:s=RBF",
                "kernel_params:fs=0.1,0,3",
                "support_vectors:fs=1,2,3,4,5,6",
                "vectors_per_class:is=1,1",
                "coefficients:fs=1,-1",
                "rho:fs=0.1",
                "prob_a:fs=0.5",
                "prob_b:fs=0.5",
                "classlabels_ints:is=0,1")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3)
            .output("y")
            .node(
                "ml.SVMRegressor x > s",
                "kernel_type:s=LINEAR",
                "kernel_params:fs=0,0,0",
                "support_vectors:fs=1,2,3,4,5,6",
                "coefficients:fs=1,-1",
                "n_supports:i=2",
                "rho:fs=0.1")
            .node("ml.Normalizer s > n", "norm:s=L2")
            .node("ml.Scaler n > y", "offset:fs=0.5", "scale:fs=2")
            .model());
    models.add(
        new ModelBuilder()
            .typedInput("x", INT64, 2, 3)
            .output("y", INT64)
            .node(
                "ml.LabelEncoder x > l",
                "keys_int64s:is=0,1,2",
                "values_int64s:is=5,6,7",
                "default_int64:i=-1")
            .longs("at", 0, 2)
            .node("ml.ArrayFeatureExtractor l at > y")
            .model());
    models.add(
        new ModelBuilder()
            .input("x", 2, 3)
            .output("y")
            .node("ml.Imputer x > i", "imputed_value_floats:fs=1,2,3", "replaced_value_float:f=0")
            .node("ml.Binarizer i > b", "threshold:f=0.5")
            .node("ml.LinearRegressor b > l", "coefficients:fs=1,2,3", "intercepts:fs=1")
            .node("ml.OneHotEncoder l > o", "cats_int64s:is=0,1,2", "zeros:i=1")
            .node("ml.FeatureVectorizer i b > y", "inputdimensions:is=3,3")
            .model());
    ModelProto.Builder strings =
        new ModelBuilder()
                .input("x", 2)
                .output("y")
                .node(
                    "StringNormalizer t > s",
                    "case_change_action:s=LOWER",
                    "locale:s=C",
                    "stopwords:ss=a,b")
                .node(
                    "TfIdfVectorizer s > v",
                    "max_gram_length:i=2",
                    "min_gram_length:i=1",
                    "max_skip_count:i=0",
                    "mode:s=TF",
                    "ngram_counts:is=0,2",
                    "ngram_indexes:is=0,1,2",
                    "pool_strings:ss=c,d,c,d")
                .node("ReduceSum v > r")
                .node("Add x r > y")
                .model()
                .toBuilder();
    TensorProto.Builder text =
        TensorProto.newBuilder().setName("t").setDataType(DataType.STRING.getNumber()).addDims(2);
    text.addStringData(ByteString.copyFromUtf8("C")).addStringData(ByteString.copyFromUtf8("d"));
    strings.getGraphBuilder().addInitializer(text);
    models.add(strings.build());
  }

  private static GraphProto branch(String words, ValueInfoProto output) {
    return GraphProto.newBuilder()
        .setName("branch")
        .addNode(ModelBuilder.nodeProto(words))
        .addOutput(output)
        .build();
  }

  private static ValueInfoProto value(String name, int type) {
    ValueInfoProto.Builder value = ValueInfoProto.newBuilder().setName(name);
    value.getTypeBuilder().getTensorTypeBuilder().setElemType(type);
    return value.build();
  }

  private static TensorProto scalar(String name, long value) {
    return ModelBuilder.longTensor(name, LongStream.of(value).toArray()).toBuilder()
        .clearDims()
        .build();
  }
}
