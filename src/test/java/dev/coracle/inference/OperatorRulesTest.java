// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nodes that end ONNX Runtime 1.29.0's process, each the smallest that the soak came down to, and
 * their sound neighbours, which must pass.
 */
class OperatorRulesTest {

  private final Path folder;

  OperatorRulesTest(@TempDir Path folder) {
    this.folder = folder;
  }

  record Case(String said, ModelBuilder model) {
    @Override
    public String toString() {
      return said;
    }
  }

  private static ModelBuilder image() {
    return new ModelBuilder().input("x", 1, 4, 8, 8).output("y");
  }

  private static ModelBuilder rows() {
    return new ModelBuilder().input("x", 2, 6).output("y");
  }

  static List<Case> lethal() {
    ModelBuilder scales = image().node("Resize x _ x > y");
    return List.of(
        // Divides by the square of the block size, which is 0 in 64 bits: SIGFPE.
        new Case(
            "expected blocksize from 1 to 32768, found 1099511627776",
            image().node("SpaceToDepth x > y", "blocksize:i=1099511627776")),
        // Divides by the group: SIGFPE.
        new Case(
            "expected group from 1 to",
            image().weights("w", 4, 1, 3, 3).node("ConvTranspose x w > y", "group:i=0")),
        new Case(
            "expected group from 1 to 1048576, found 0",
            image()
                .weights("w", 4, 1, 3, 3)
                .node(
                    ModelBuilder.nodeProto("ConvTranspose x w > y")
                        .addAttribute(ModelBuilder.attribute("group:i=1").toBuilder().clearI()))),
        new Case(
            "expected strides from 1 to 65536, found 0",
            image().node("MaxPool x > y", "kernel_shape:is=2,2", "strides:is=2,0")),
        new Case(
            "expected kv_num_heads from 1",
            new ModelBuilder()
                .opset(24)
                .input("q", 2, 2, 2)
                .input("k", 3, 1, 3)
                .input("v", 3, 2, 3)
                .output("y")
                .node("Attention q k v > y", "q_num_heads:i=3", "kv_num_heads:i=0")),
        // Works out a table for so many samples a cell, and reads past what became of it.
        new Case(
            "expected sampling_ratio from 0 to 1024, found 1099511627776",
            image()
                .weights("r", 1, 4)
                .longs("b", 0)
                .node("RoiAlign x r b > y", "sampling_ratio:i=1099511627776")),
        new Case(
            "expected to from -2147483648 to 2147483647",
            image().node("Cast x > y", "to:i=4294967297")),
        // Reads before the first axis.
        new Case(
            "expected batch_dims from 0",
            rows().longs("i", 0, 1).node("GatherND x i > y", "batch_dims:i=-9")),
        // Takes the first element of an empty list.
        new Case(
            "input 1 (\"d\") to be one number, found [0]",
            new ModelBuilder()
                .typedInput("x", ModelBuilder.INT64, 2)
                .longs("d")
                .floats("v", 0, 1)
                .output("y")
                .node("OneHot x d v > y")),
        new Case(
            "input 0 (\"n\") to be one number, found [0]",
            rows()
                .longs("n")
                .node(
                    ModelBuilder.nodeProto("Loop n _ x > y")
                        .addAttribute(
                            ModelBuilder.subgraph("body", GraphProto.getDefaultInstance())))),
        new Case(
            "to be a constant from -16777216 to 16777216, found -9223372036854775808",
            rows().longs("k", Long.MIN_VALUE).node("Trilu x k > y")),
        // Computes a length of 0 for an axis of 1, and does not end.
        new Case(
            "expected a dft_length as input 1",
            new ModelBuilder()
                .opset(22)
                .input("x", 3, 1, 2)
                .output("y")
                .node("DFT x > y", "inverse:i=1", "onesided:i=1")),
        // Writes where a negative length and edges of any size say.
        new Case(
            "expected a constant in the place of MelWeightMatrix",
            new ModelBuilder()
                .typedInput("bins", ModelBuilder.INT64)
                .typedInput("rate", ModelBuilder.INT64)
                .input("low")
                .input("high")
                .output("y")
                .longs("length", -1)
                .node("MelWeightMatrix bins length rate low high > y")),
        // Follows the null of an input that is not there.
        new Case("found none for input 1", rows().node("Min x _ > y")),
        new Case(
            "found none for input 2", rows().weights("w", 6).node("LayerNormalization x w _ > y")),
        new Case(
            "found none for input 1",
            rows().opset(18).node("ReduceMean x _ > y", "noop_with_empty_axes:i=1")),
        new Case("found none for input 2", dft().longs("n", 8).node("DFT x n _ > y")),
        // Copies 256 scales into room for four.
        new Case("input 2 (\"x\") to be a list of one number for each axis", scales),
        new Case(
            "input 2 (\"s\") to be a list of one number for each axis, found a shape that the file",
            image().node("Softmax x > s").node("Resize x _ s > y")),
        // Writes past the end of the stack's room for scales, where nothing tells the axes.
        new Case(
            "expected input 2 (\"s\") to be a list of one number for each axis, found [300]",
            image().input("s", 300).node("Softmax x > r").node("Resize r _ s > y")),
        new Case(
            "found [300]", image().input("s", 300).node("Softmax x > r").node("Upsample r s > y")),
        new Case(
            "found [-1]", image().input("s", -1).node("Softmax x > r").node("Resize r _ s > y")),
        new Case(
            "found [-1]", image().input("s", -1).node("Softmax x > r").node("Upsample r s > y")),
        new Case(
            "to be a list of one number for each axis, found a shape that the file does not tell",
            image()
                .floats("s", 1, 1, 2, 2)
                .sparse("s", TestModel.floats("s", List.of(1), new float[1]), 300)
                .node("Resize x _ s > y")),
        new Case(
            "input 1 (\"s\") to be a constant from 1 to 16777216, found none in the file",
            stft(4, 8).sparse("s", ModelBuilder.longTensor("s", 0), 1)),
        // Takes the first attribute, whatever its name, and its type for that of the value.
        new Case(
            "found [\"junk\" of type 4, \"value\" of type 4]",
            rows()
                .node(
                    ModelBuilder.nodeProto("Constant > k")
                        .addAttribute(ModelBuilder.tensorAttribute("junk", 0))
                        .addAttribute(ModelBuilder.tensorAttribute("value", 5)))),
        new Case(
            "found [\"value_floats\" of type 4]",
            rows()
                .node(
                    ModelBuilder.nodeProto("Constant > k")
                        .addAttribute(ModelBuilder.tensorAttribute("value_floats", 5)))),
        new Case("found []", rows().node("Constant > k")),

        // Writes as many outputs as there are names.
        new Case(
            "expected 2 outputs, as num_outputs says, found 3",
            rows().opset(18).node("Split x > y a b", "axis:i=1", "num_outputs:i=2")),
        // Throws where no one can catch: terminate.
        new Case(
            "input 1 (\"s\") to be scales with as many axes as the values",
            new ModelBuilder()
                .opset(21)
                .input("x", 2, 8)
                .floats("s", 1, 1)
                .output("y", 2)
                .node("QuantizeLinear x s > y", "axis:i=1", "block_size:i=4")),
        // Divides by the length of the last axis, or of a frame: SIGFPE.
        new Case(
            "to be a tensor that is not empty, found [3, 0, 2]",
            new ModelBuilder().input("x", 3, 0, 2).output("y").node("DFT x > y")),
        new Case(
            "to be a tensor that is not empty",
            new ModelBuilder().input("x", 0).output("y").node("LpNormalization x > y")),
        new Case(
            "input 1 (\"i\") to be a tensor that is not empty, found [0]",
            image().longs("i").input("u", 1, 4, 8, 8).node("ScatterND x i u > y")),
        new Case(
            "to be a tensor that is not empty, found [2, 0]",
            new ModelBuilder().weights("e", 2, 0).output("y").node("Unique e > y", "axis:i=0")),
        new Case(
            "input 0 (\"x\") to be a list or more, found []",
            new ModelBuilder().input("x").output("y").node("ml.Normalizer x > y")),
        new Case("input 3 (\"f\") to be a constant from 1", stft(4, 0)),
        new Case("input 1 (\"s\") to be a constant from 1", stft(0, 8)),
        new Case(
            "input 1 (\"s\") to be a constant from 1",
            rows()
                .initializer(ModelBuilder.longTensor("s", 0).toBuilder().clearDims().build())
                .node("SplitToSequence x s > y", "axis:i=1")),
        // Points past the pool.
        new Case("ngram_indexes to have a place", tfidf("ngram_indexes:is=1,2")),
        new Case("ngram_indexes to have a place", tfidf("ngram_indexes:is=0,1,-1")),
        // Reads far before the picture.
        new Case(
            "one that ONNX has withdrawn",
            image().opset(9).node("Crop x > y", "border:is=-2000000,-2000,0,0")),
        // Adds the sizes up to 0.
        new Case(
            "expected inputdimensions from 1",
            rows().node("ml.FeatureVectorizer x x > y", "inputdimensions:is=1,-1")));
  }

  @ParameterizedTest
  @MethodSource("lethal")
  void read_nodeThatEndsTheProcess_isRefused(Case given) throws IOException {
    Path file = write(given.model());
    NodeProto last =
        given.model().graph().getNodeList().get(given.model().graph().getNodeCount() - 1);
    assertThatThrownBy(() -> ModelFile.read(file, ModelOptions.DEFAULTS))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("(" + last.getOpType())
        .hasMessageContaining(given.said());
  }

  static List<ModelBuilder> sound() {
    return List.of(
        image().floats("s", 1, 1, 2, 2).node("Resize x _ s > y"),
        // Half the size of each axis, worked out when it runs, as exporters write it.
        image()
            .node("Shape x > n")
            .node("Cast n > f", "to:i=1")
            .floats("half", 0.5f)
            .node("Mul f half > h")
            .node("Div h f > s")
            .node("Resize x _ s > y"),
        image()
            .floats("one", 1)
            .floats("two", 2)
            .node("Concat one one two two > s", "axis:i=0")
            .node("Resize x _ s > y"),
        image().opset(18).floats("s", 2, 2).node("Resize x _ s > y", "axes:is=2,3"),
        rows().weights("w", 6).weights("b", 6).node("LayerNormalization x w b > y"),
        rows().opset(18).longs("a", 1).node("ReduceMean x a > y"),
        rows().opset(18).node("Split x > y b", "axis:i=1", "num_outputs:i=2"),
        rows().longs("none").node("ReduceMean x none > y", "noop_with_empty_axes:i=1").opset(18),
        rows().longs("none").node("Expand x none > y"),
        rows().longs("k", -1).node("Trilu x k > y"),
        dft().node("DFT x > y", "axis:i=1"),
        dft()
            .opset(20)
            .initializer(
                TensorProto.newBuilder()
                    .setName("a")
                    .setDataType(ModelBuilder.INT64)
                    .addInt64Data(1)
                    .build())
            .node("DFT x _ a > y"),
        rows().opset(18).node("ReduceMean x _ > y"),
        rows().node("Constant > k", "value_int:i=1").node("Trilu x > y"),
        rows()
            .node(
                ModelBuilder.nodeProto("Constant > k")
                    .addAttribute(ModelBuilder.tensorAttribute("value", 1)))
            .node("Trilu x k > y"),
        image().floats("s", 1, 1, 2, 2).node("Softmax x > r").node("Resize r _ s > y"),
        stft(4, 8),
        tfidf("ngram_indexes:is=0,1,2"));
  }

  @ParameterizedTest
  @MethodSource("sound")
  void read_soundNeighbour_opens(ModelBuilder model) throws Exception {
    Sessions.create(ModelFile.read(write(model), ModelOptions.DEFAULTS), ModelOptions.DEFAULTS)
        .close();
  }

  private static ModelBuilder dft() {
    return new ModelBuilder().input("x", 1, 16, 1).output("y");
  }

  private static ModelBuilder stft(long step, long frame) {
    return new ModelBuilder()
        .input("x", 1, 32)
        .initializer(ModelBuilder.longTensor("s", step).toBuilder().clearDims().build())
        .initializer(ModelBuilder.longTensor("f", frame).toBuilder().clearDims().build())
        .output("y")
        .node("STFT x s _ f > y");
  }

  private static ModelBuilder tfidf(String indexes) {
    return new ModelBuilder()
        .typedInput("x", ModelBuilder.INT64, 4)
        .output("y")
        .node(
            "TfIdfVectorizer x > y",
            "max_gram_length:i=2",
            "min_gram_length:i=1",
            "max_skip_count:i=0",
            "mode:s=TF",
            "ngram_counts:is=0,2",
            indexes,
            "pool_int64s:is=7,8,7,8");
  }

  private Path write(ModelBuilder model) throws IOException {
    return Files.write(folder.resolve("model.onnx"), model.model().toByteArray());
  }
}
