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

  static final int BOOL = DataType.BOOL.getNumber();
  static final int UINT8 = DataType.UINT8.getNumber();
  static final int INT64 = ModelBuilder.INT64;

  private SoakModels() {}

  static List<ModelProto> all() {
    List<ModelProto> models = new ArrayList<>();
    SoakTensorModels.images(models);
    SoakTensorModels.shapes(models);
    sequences(models);
    control(models);
    trees(models);
    return models;
  }

  static ModelBuilder image() {
    return new ModelBuilder().input("x", 1, 4, 8, 8).output("y");
  }

  static ModelBuilder rows() {
    return new ModelBuilder().input("x", 2, 6).output("y");
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

  static TensorProto scalar(String name, long value) {
    return ModelBuilder.longTensor(name, LongStream.of(value).toArray()).toBuilder()
        .clearDims()
        .build();
  }
}
