// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.util.Pair;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folds batch normalisations into convolutions: fewer nodes, the same function. */
class ConvBatchNormFoldingTest {

  private static final Shape SHAPE = new Shape(1, 4, 6, 5);

  /** float32 sums of 36 terms of size 1 and weights that are rounded once more. */
  private static final double TOLERANCE = 1e-5;

  /** batchNorm(input, mean, variance, gamma, beta, axis 1, momentum, epsilon, training). */
  private static final OpTranslator BATCH_NORM =
      (call, graph) ->
          graph
              .node("BatchNormalization", call)
              .input(call.array(0))
              .input(call.array(3))
              .input(call.array(4))
              .input(call.array(1))
              .input(call.array(2))
              .attribute("epsilon", (float) call.number(7))
              .output(call.result());

  private final Path folder;

  ConvBatchNormFoldingTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void fold_residualBlock_agreesWithDjlAndLeavesNoNormalisation() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block =
          new SequentialBlock()
              .add(conv(4, true))
              .add(norm())
              .add(Activation::relu)
              .add(
                  new ParallelBlock(
                          lists -> new NDList(lists.get(0).head().add(lists.get(1).head())))
                      .add(
                          new SequentialBlock()
                              .add(conv(4, false))
                              .add(norm())
                              .add(Activation::relu)
                              .add(conv(4, true))
                              .add(norm()))
                      .add(Exports.lambda(x -> x.mul(1.5))));
      fill(block, manager);

      ModelProto plain = export(block, false);
      ModelProto folded = export(block, true);

      assertThat(operators(plain)).filteredOn("BatchNormalization"::equals).hasSize(3);
      assertThat(operators(folded))
          .containsExactly("Conv", "Relu", "Conv", "Relu", "Conv", "Mul", "Add");
      for (long batch : new long[] {1, 2, 7}) {
        Exports.assertAgrees(folded.toByteArray(), block, SHAPE, TOLERANCE, batch);
      }
      assertThat(names(folded))
          .hasSize(7) // three weights, three biases, 1.5
          .contains("01Conv2d_weight_folded", "01Conv2d_bias_folded")
          .doesNotContain("01Conv2d_weight", "02BatchNorm_gamma", "02BatchNorm_runningVar");
    }
  }

  /** Against numbers worked out by hand: weight 2, bias 1, γ 3, β 5, μ 7, σ² 4, ε 0. */
  @Test
  void fold_oneByOneConvolution_givesTheNumbersOfTheFormula() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block =
          new SequentialBlock()
              .add(Conv2d.builder().setKernelShape(new Shape(1, 1)).setFilters(1).build())
              .add(BatchNorm.builder().optEpsilon(0).build());
      Shape shape = new Shape(1, 1, 2, 2);
      block.initialize(manager, DataType.FLOAT32, shape);
      Map<String, Float> values =
          Map.of(
              "weight",
              2f,
              "bias",
              1f,
              "gamma",
              3f,
              "beta",
              5f,
              "runningMean",
              7f,
              "runningVar",
              4f);
      for (Pair<String, Parameter> parameter : block.getParameters()) {
        String name = parameter.getKey().substring(parameter.getKey().indexOf('_') + 1);
        parameter.getValue().getArray().set(new float[] {values.get(name)});
      }
      Path file = folder.resolve("model.onnx");
      exporter(block, shape).foldBatchNorm(true).export(file);
      List<TensorProto> initializers = Exports.parse(file).getGraph().getInitializerList();
      assertThat(initializers).hasSize(2);
      assertThat(number(initializers.get(0))).isEqualTo(3); // 2·3/√4
      assertThat(number(initializers.get(1))).isEqualTo(-4); // (1−7)·3/2 + 5
    }
  }

  @Test
  void fold_convolutionUsedElsewhere_staysAsItIs() throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block block =
          new SequentialBlock()
              .add(conv(4, true))
              .add(
                  new ParallelBlock(
                          lists -> new NDList(lists.get(0).head().add(lists.get(1).head())))
                      .add(norm())
                      .add(Exports.lambda(x -> x.mul(2))));
      fill(block, manager);
      assertThat(operators(export(block, true))).contains("Conv", "BatchNormalization");

      Block first = new SequentialBlock().add(norm()).add(conv(2, true));
      fill(first, manager);
      ModelProto model = export(first, true);
      assertThat(operators(model)).containsExactly("BatchNormalization", "Conv");
      Exports.assertAgrees(model.toByteArray(), first, SHAPE, TOLERANCE, 2);
    }
  }

  @Test
  void fold_oneConvolutionWithTwoNormalisations_keepsBothWeights()
      throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block shared = conv(4, true);
      Block block = new SequentialBlock().add(shared).add(norm()).add(shared).add(norm());
      fill(block, manager);
      ModelProto model = export(block, true);
      assertThat(operators(model)).containsExactly("Conv", "Conv");
      assertThat(names(model)).hasSize(4);
      Exports.assertAgrees(model.toByteArray(), block, SHAPE, TOLERANCE, 2);
    }
  }

  private static Block conv(int filters, boolean bias) {
    return Conv2d.builder()
        .setKernelShape(new Shape(3, 3))
        .setFilters(filters)
        .optPadding(new Shape(1, 1))
        .optGroups(2)
        .optBias(bias)
        .build();
  }

  private static Block norm() {
    return BatchNorm.builder().build();
  }

  /** Gives parameters that differ from element to element; variances are positive. */
  private static void fill(Block block, NDManager manager) {
    block.initialize(manager, DataType.FLOAT32, SHAPE);
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      NDArray array = parameter.getValue().getArray();
      float[] values = Exports.ramp((int) array.size());
      for (int i = 0; i < values.length && parameter.getKey().endsWith("Var"); i++) {
        values[i] = 0.5f + i;
      }
      array.set(values);
    }
  }

  private static OnnxExporter exporter(Block block, Shape shape) {
    return OnnxExporter.builder()
        .block(block)
        .input("input_0", shape)
        .translator("NDArrayEx.batchNorm", BATCH_NORM);
  }

  private ModelProto export(Block block, boolean fold) throws IOException {
    Path file = folder.resolve("model.onnx");
    exporter(block, SHAPE).foldBatchNorm(fold).export(file);
    return Exports.parse(file);
  }

  private static List<String> operators(ModelProto model) {
    return model.getGraph().getNodeList().stream().map(NodeProto::getOpType).toList();
  }

  private static List<String> names(ModelProto model) {
    return model.getGraph().getInitializerList().stream().map(TensorProto::getName).toList();
  }

  private static float number(TensorProto tensor) {
    return tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getFloat();
  }
}
