// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds DJL and the exporter against models that PyTorch's own exporter wrote, and the outputs that
 * PyTorch computed: ONNX's published test data, in {@code onnx-cases}.
 */
class OnnxCasesTest {

  private static final double TOLERANCE = 1e-4;

  /** Makes the block of a case from its initializers. */
  private interface Maker extends Function<List<NDArray>, Block> {}

  private static final Map<String, Maker> LAYERS =
      Map.ofEntries(
          entry("test_AvgPool1d_stride", w -> Pool.avgPool1dBlock(new Shape(2), new Shape(2))),
          entry("test_AvgPool2d_stride", w -> Pool.avgPool2dBlock(new Shape(2, 2))),
          entry("test_AvgPool3d_stride", w -> Pool.avgPool3dBlock(new Shape(2, 2, 2))),
          entry("test_BatchNorm1d_3d_input_eval", w -> batchNorm(1e-5f)),
          entry("test_BatchNorm2d_momentum_eval", w -> batchNorm(1e-3f)),
          entry("test_BatchNorm3d_momentum_eval", w -> batchNorm(1e-3f)),
          entry("test_Conv1d", w -> conv1d(5).build()),
          entry("test_Conv1d_groups", w -> conv1d(6).optGroups(2).build()),
          entry("test_Conv1d_pad1size1", w -> conv1d(4).optPadding(new Shape(1)).build()),
          entry(
              "test_Conv1d_pad2size1",
              w ->
                  Conv1d.builder()
                      .setKernelShape(new Shape(5))
                      .setFilters(4)
                      .optPadding(new Shape(2))
                      .build()),
          entry("test_Conv2d", w -> conv2d(3, 2, 4).build()),
          entry(
              "test_Conv2d_depthwise_padded",
              w -> conv2d(3, 3, 4).optGroups(4).optPadding(new Shape(1, 1)).build()),
          entry("test_Conv2d_depthwise_with_multiplier", w -> conv2d(3, 3, 8).optGroups(4).build()),
          entry("test_Conv2d_groups", w -> conv2d(3, 2, 6).optGroups(2).build()),
          entry("test_Conv2d_no_bias", w -> conv2d(3, 2, 4).optBias(false).build()),
          entry("test_Conv2d_strided", w -> conv2d(3, 3, 4).optStride(new Shape(2, 2)).build()),
          entry("test_Conv3d_dilated", w -> conv3d(2, 4).optDilation(new Shape(2, 2, 2)).build()),
          entry("test_Conv3d_groups", w -> conv3d(3, 6).optGroups(2).build()),
          entry("test_Conv3d_stride", w -> conv3d(2, 4).optStride(new Shape(2, 2, 2)).build()),
          entry("test_ELU", w -> Activation.eluBlock(2)),
          entry("test_LeakyReLU_with_negval", w -> Activation.leakyReluBlock(0.5f)),
          entry("test_Linear_no_bias", w -> Linear.builder().setUnits(8).optBias(false).build()),
          entry("test_MaxPool1d", w -> Pool.maxPool1dBlock(new Shape(4), new Shape(4))),
          entry(
              "test_MaxPool3d_stride",
              w -> Pool.maxPool3dBlock(new Shape(2, 2, 2), new Shape(2, 2, 2))),
          entry("test_ReLU", w -> Activation.reluBlock()),
          entry("test_Sigmoid", w -> Activation.sigmoidBlock()),
          entry("test_Softsign", w -> Activation.softSignBlock()));

  private static final Map<String, Maker> FUNCTIONS =
      Map.ofEntries(
          entry(
              "test_Embedding_sparse",
              w ->
                  lambda(
                      x ->
                          Embedding.embedding(x.head(), w.get(0), SparseFormat.COO)
                              .singletonOrThrow())),
          entry("test_GLU_dim", w -> lambda(x -> glu(x.head()))),
          entry("test_PReLU_1d", w -> lambda(x -> prelu(x.head(), w.get(0)))),
          entry("test_PReLU_2d", w -> lambda(x -> prelu(x.head(), w.get(0)))),
          entry("test_PReLU_3d", w -> lambda(x -> prelu(x.head(), w.get(0)))),
          entry("test_PixelShuffle", w -> lambda(x -> pixelShuffle(x.head()))),
          entry("test_ReplicationPad2d", w -> lambda(x -> replicationPad(x.head()))),
          entry("test_Softmin", w -> lambda(x -> x.head().neg().softmax(1))),
          entry("test_ZeroPad2d", w -> lambda(x -> x.head().pad(new Shape(1, 2, 3, 4), 0))),
          entry("test_log_softmax_lastdim", w -> lambda(x -> x.head().logSoftmax(-1))),
          entry("test_softmax_lastdim", w -> lambda(x -> x.head().softmax(-1))),
          entry("test_operator_add_size1_broadcast", w -> lambda(x -> x.get(0).add(x.get(1)))),
          entry(
              "test_operator_add_size1_singleton_broadcast",
              w -> lambda(x -> x.get(0).add(x.get(1)))),
          entry(
              "test_operator_addmm",
              w ->
                  lambda(
                      x -> {
                        NDArray product = x.get(0).dot(x.get(1));
                        return product.add(product.add(x.get(2)));
                      })),
          entry("test_operator_chunk", w -> new LambdaBlock(x -> x.head().split(new long[] {2}))),
          entry("test_operator_concat2", w -> lambda(x -> x.get(0).concat(x.get(1), 1))),
          entry(
              "test_operator_flatten",
              w -> lambda(x -> x.head().reshape(x.head().getShape().get(0), -1))),
          entry("test_operator_max", w -> lambda(x -> x.get(0).maximum(x.get(1)))),
          entry("test_operator_min", w -> lambda(x -> x.get(0).minimum(x.get(1)))),
          entry(
              "test_operator_non_float_params",
              w -> lambda(x -> x.head().mul(x.head().add(w.get(0))))),
          entry(
              "test_operator_params",
              w ->
                  lambda(
                      x -> Activation.sigmoid(x.head().mul(x.head().add(w.get(0))).tanh()).neg())),
          entry("test_operator_pow", w -> lambda(x -> x.get(0).pow(x.get(1)))),
          entry(
              "test_operator_reduced_mean_keepdim",
              w -> lambda(x -> x.head().mean(new int[] {2}, true))),
          entry(
              "test_operator_reduced_sum_keepdim",
              w -> lambda(x -> x.head().sum(new int[] {2}, true))),
          entry(
              "test_operator_repeat_dim_overflow",
              w -> lambda(x -> x.head().reshape(1, 1, 1, 2).tile(new long[] {1, 2, 3, 4}))),
          entry("test_operator_sqrt", w -> lambda(x -> x.head().sqrt())),
          entry(
              "test_operator_symbolic_override_nested",
              w ->
                  new LambdaBlock(
                      x ->
                          new NDList(
                              x.get(0).add(x.get(1)).add(x.get(2)),
                              x.get(0).neg(),
                              x.get(1).neg()))));

  /** Cases that DJL cannot express, and why. */
  private static final Map<String, String> NOT_IN_DJL =
      Map.of(
          "test_ConvTranspose2d", "DJL's PyTorch engine has no transposed convolution",
          "test_operator_convtranspose", "DJL's PyTorch engine has no transposed convolution");

  /** Have axes that no batch is: what they do follows from their size. */
  private static final Set<String> STATIC =
      Set.of(
          "test_operator_add_size1_singleton_broadcast",
          "test_operator_addmm",
          "test_operator_chunk",
          "test_operator_non_float_params",
          "test_operator_params",
          "test_operator_repeat_dim_overflow");

  static Stream<String> expressed() {
    return Stream.concat(LAYERS.keySet().stream(), FUNCTIONS.keySet().stream()).sorted();
  }

  @Test
  void everyCase_isExpressedOrExplained() throws IOException {
    Set<String> known = expressed().collect(Collectors.toCollection(TreeSet::new));
    known.addAll(NOT_IN_DJL.keySet());
    try (Stream<Path> folders = Files.list(cases())) {
      assertThat(
              folders
                  .filter(Files::isDirectory)
                  .map(path -> path.getFileName().toString())
                  .toList())
          .containsExactlyInAnyOrderElementsOf(known);
    }
  }

  @ParameterizedTest
  @MethodSource("expressed")
  void case_agreesWithPyTorch(String name) throws IOException, OrtException {
    Path folder = cases().resolve(name);
    try (NDManager manager = NDManager.newBaseManager()) {
      List<NDArray> weights = new ArrayList<>();
      ModelProto published = ModelProto.parseFrom(Files.readAllBytes(folder.resolve("model.onnx")));
      for (TensorProto initializer : published.getGraph().getInitializerList()) {
        weights.add(array(initializer, manager));
      }
      NDList inputs = tensors(folder, "input", manager);
      NDList outputs = tensors(folder, "output", manager);
      Block block = block(name, weights, inputs, manager);

      NDList djl = block.forward(new ParameterStore(manager, false), new NDList(inputs), false);
      assertAgrees("DJL", djl.stream().map(Values::of).toList(), outputs);

      OnnxExporter exporter = OnnxExporter.builder().block(block);
      for (int i = 0; i < inputs.size(); i++) {
        exporter.input("input_" + i, inputs.get(i).getShape(), inputs.get(i).getDataType());
        if (STATIC.contains(name)) {
          exporter.staticAxis("input_" + i, 0);
        }
      }
      assertAgrees("ONNX Runtime", Exports.run(Exports.bytes(exporter), inputs), outputs);
    }
  }

  private static void assertAgrees(String what, List<Values> actual, NDList published) {
    assertThat(actual).as(what).hasSameSizeAs(published);
    for (int i = 0; i < actual.size(); i++) {
      actual.get(i).assertClose(what, Values.of(published.get(i)), TOLERANCE);
    }
  }

  private static Block block(String name, List<NDArray> weights, NDList inputs, NDManager manager) {
    Maker function = FUNCTIONS.get(name);
    if (function != null) {
      return function.apply(weights);
    }
    Block layer = Objects.requireNonNull(LAYERS.get(name)).apply(weights);
    layer.initialize(manager, DataType.FLOAT32, inputs.getShapes());
    List<Parameter> parameters = layer.getDirectParameters().values();
    assertThat(weights).hasSameSizeAs(parameters); // DJL lists them in ONNX's order
    for (int i = 0; i < weights.size(); i++) {
      parameters.get(i).getArray().set(weights.get(i).toFloatArray());
    }
    return layer;
  }

  private static NDList tensors(Path folder, String kind, NDManager manager) throws IOException {
    NDList tensors = new NDList();
    for (int i = 0; true; i++) {
      Path file = folder.resolve("test_data_set_0").resolve(kind + "_" + i + ".pb");
      if (!Files.exists(file)) {
        return tensors;
      }
      tensors.add(array(TensorProto.parseFrom(Files.readAllBytes(file)), manager));
    }
  }

  private static NDArray array(TensorProto tensor, NDManager manager) {
    DataType type =
        switch (tensor.getDataType()) {
          case TensorProto.DataType.FLOAT_VALUE -> DataType.FLOAT32;
          case TensorProto.DataType.DOUBLE_VALUE -> DataType.FLOAT64;
          case TensorProto.DataType.INT64_VALUE -> DataType.INT64;
          default -> throw new IllegalArgumentException("type " + tensor.getDataType());
        };
    ByteBuffer data = ByteBuffer.allocateDirect(tensor.getRawData().size());
    data.order(ByteOrder.LITTLE_ENDIAN).put(tensor.getRawData().asReadOnlyByteBuffer()).flip();
    return manager.create(data, new Shape(tensor.getDimsList()), type);
  }

  private static Path cases() {
    try {
      return Path.of(
          Objects.requireNonNull(OnnxCasesTest.class.getResource("/onnx-cases")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Block lambda(Function<NDList, NDArray> function) {
    return new LambdaBlock(list -> new NDList(function.apply(list)));
  }

  private static Conv1d.Builder conv1d(int filters) {
    return Conv1d.builder().setKernelShape(new Shape(3)).setFilters(filters);
  }

  private static Conv2d.Builder conv2d(int height, int width, int filters) {
    return Conv2d.builder().setKernelShape(new Shape(height, width)).setFilters(filters);
  }

  private static Conv3d.Builder conv3d(int size, int filters) {
    return Conv3d.builder().setKernelShape(new Shape(size, size, size)).setFilters(filters);
  }

  private static Block batchNorm(float epsilon) {
    return BatchNorm.builder().optEpsilon(epsilon).build();
  }

  private static NDArray glu(NDArray x) {
    NDList halves = x.split(2, 1);
    return halves.get(0).mul(Activation.sigmoid(halves.get(1)));
  }

  private static NDArray prelu(NDArray x, NDArray slope) {
    return x.maximum(0).add(x.minimum(0).mul(slope));
  }

  /** (N,9,4,4) to (N,1,12,12). */
  private static NDArray pixelShuffle(NDArray x) {
    long batch = x.getShape().get(0);
    return x.reshape(batch, 1, 3, 3, 4, 4).transpose(0, 1, 4, 2, 5, 3).reshape(batch, 1, 12, 12);
  }

  /** Repeats the edges of 4x4 images: 1 left, 2 right, 3 above, 4 below. */
  private static NDArray replicationPad(NDArray x) {
    NDArray left = x.get(":,:,:,0:1");
    NDArray right = x.get(":,:,:,3:4");
    NDArray wide = NDArrays.concat(new NDList(left, x, right, right), 3);
    NDArray top = wide.get(":,:,0:1");
    NDArray bottom = wide.get(":,:,3:4");
    return NDArrays.concat(new NDList(top, top, top, wide, bottom, bottom, bottom, bottom), 2);
  }
}
