// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Conv2dTranspose;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds activations, softmax, linear layers, embeddings and convolutions against DJL. */
class NeuralOperatorTest {

  /** float32 functions of numbers of size 1, each right to some units in the last place. */
  private static final double TOLERANCE = 1e-5;

  private static final Shape SHAPE = new Shape(1, 3, 5);

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(31);
  }

  @ParameterizedTest
  @ValueSource(ints = {13, 17, 20, 21})
  void activations_everyOpset_agree(int opset) throws IOException, OrtException {
    List<UnaryOperator<NDArray>> functions = new ArrayList<>();
    // From where exp(x) is almost 0 to where it overflows float32.
    for (int scale : new int[] {1, 10, 100}) {
      List<UnaryOperator<NDArray>> activations =
          List.of(
              Activation::relu,
              Activation::sigmoid,
              Activation::tanh,
              Activation::softPlus,
              Activation::softSign,
              Activation::selu,
              Activation::gelu,
              x -> Activation.leakyRelu(x, 0.3f),
              x -> Activation.leakyRelu(x, 0),
              x -> Activation.elu(x, 1),
              x -> Activation.elu(x, 0.7f),
              Activation::relu6,
              Activation::mish,
              x -> Activation.swish(x, 1),
              x -> Activation.swish(x, -1.7f));
      activations.forEach(function -> functions.add(x -> function.apply(x.mul(scale))));
    }
    Agreement.of(Exports.all(functions)).normal(1, 200).opset(opset).tolerance(TOLERANCE).holds();
  }

  @Test
  void activationBlocks_agree() throws IOException, OrtException {
    SequentialBlock blocks =
        new SequentialBlock()
            .add(Activation.tanhBlock())
            .add(Activation.leakyReluBlock(0.5f))
            .add(Activation.eluBlock(0.5f))
            .add(Activation.seluBlock())
            .add(Activation.geluBlock())
            .add(Activation.swishBlock(2))
            .add(Activation.mishBlock())
            .add(Activation.relu6Block())
            .add(Activation.softPlusBlock())
            .add(Activation.softSignBlock())
            .add(Activation.sigmoidBlock())
            .add(Activation.reluBlock());
    agrees(blocks, SHAPE);
  }

  @Test
  void gelu_opset20_isOneNode() throws IOException {
    Block gelu = Activation.geluBlock();
    assertThat(operators(gelu, SHAPE, 19)).containsExactly("Div", "Erf", "Add", "Mul", "Mul");
    assertThat(operators(gelu, SHAPE, 20)).containsExactly("Gelu");
  }

  @Test
  void float64_whereOnnxRuntimeHasIt_agrees() throws IOException, OrtException {
    List<UnaryOperator<NDArray>> functions =
        List.of(
            Activation::relu,
            Activation::sigmoid,
            Activation::tanh,
            x -> x.softmax(1),
            x -> x.logSoftmax(-1));
    List<UnaryOperator<NDArray>> wide = new ArrayList<>();
    functions.forEach(function -> wide.add(x -> function.apply(x.toType(DataType.FLOAT64, false))));
    agrees(Exports.all(wide), SHAPE);
  }

  @Test
  void float64_whereOnnxRuntimeHasNone_isRefused() {
    List<UnaryOperator<NDArray>> functions =
        List.of(
            Activation::softPlus,
            Activation::softSign,
            Activation::selu,
            Activation::gelu,
            x -> Activation.leakyRelu(x, 0.1f),
            x -> Activation.elu(x, 1));
    for (UnaryOperator<NDArray> function : functions) {
      refuses(x -> function.apply(x.toType(DataType.FLOAT64, false)), SHAPE, "float64", "toType");
    }
  }

  @ParameterizedTest
  @CsvSource({"13", "17", "21"})
  void softmax_everyAxis_agrees(int opset) throws IOException, OrtException {
    List<UnaryOperator<NDArray>> functions = new ArrayList<>();
    for (int axis = -3; axis < 3; axis++) {
      int along = axis;
      functions.add(x -> x.softmax(along));
      functions.add(x -> x.mul(50).logSoftmax(along));
    }
    Agreement.of(Exports.all(functions))
        .normal(SHAPE.getShape())
        .opset(opset)
        .tolerance(TOLERANCE)
        .holds();
  }

  @ParameterizedTest
  @CsvSource({"2,true", "2,false", "3,true", "3,false", "5,true"})
  void linear_everyRank_agrees(int rank, boolean bias) throws IOException, OrtException {
    Shape shape =
        rank == 2 ? new Shape(1, 7) : rank == 3 ? new Shape(1, 4, 7) : new Shape(1, 2, 3, 1, 7);
    agrees(Linear.builder().setUnits(5).optBias(bias).build(), shape);
  }

  @Test
  void linear_rank3_hasTransposedWeightOnce() throws IOException, OrtException {
    Shape shape = new Shape(1, 4, 7);
    Linear linear = Linear.builder().setUnits(7).build();
    Block twice = new SequentialBlock().add(linear).add(linear); // one weight, used twice
    try (NDManager manager = NDManager.newBaseManager()) {
      twice.initialize(manager, DataType.FLOAT32, shape);
      Agreement.of(twice).normal(shape.getShape()).tolerance(TOLERANCE).holds();
      ModelProto model = Exports.model(twice, shape);
      assertThat(model.getGraph().getInitializerList())
          .extracting(TensorProto::getName)
          .containsExactlyInAnyOrder("01Linear_weight_transposed", "01Linear_bias");
    }
  }

  @Test
  void linear_weightFromInput_agrees() throws IOException, OrtException {
    agrees(
        Exports.lambda(
            x -> {
              NDArray weight = x.softmax(-1).reshape(-1, 5);
              return x.getNDArrayInternal().linear(x, weight, null).singletonOrThrow();
            }),
        SHAPE);
  }

  @ParameterizedTest
  @CsvSource({"INT32", "INT64"})
  void embedding_wholeNumbers_agrees(DataType type) throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray table = manager.create(Exports.ramp(21), new Shape(7, 3));
      for (SparseFormat format : new SparseFormat[] {SparseFormat.DENSE, SparseFormat.COO}) {
        Block block = embedding(table, format);
        Agreement agreement = Agreement.of(block).between(0, 7, type, 1, 4).tolerance(0);
        agreement.holds();
        byte[] model = agreement.model().toByteArray();
        NDArray few = manager.create(new long[] {0, 6, 3, 3}, new Shape(1, 4)).toType(type, false);
        NDArray all = manager.arange(0, 7).toType(type, false).repeat(4).reshape(7, 4);
        for (NDArray ids : List.of(few, all)) {
          Values expected = Values.of(Embedding.embedding(ids, table, format).singletonOrThrow());
          assertThat(Exports.run(model, new NDList(ids)))
              .singleElement()
              .satisfies(actual -> actual.assertClose("ids " + ids.getShape(), expected, 0));
        }
      }
    }
  }

  @Test
  void embedding_floatIds_isRefusedByEngineOrExporter() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray table = manager.create(Exports.ramp(21), new Shape(7, 3));
      assertThatThrownBy(() -> Exports.model(embedding(table, SparseFormat.DENSE), new Shape(1, 4)))
          .isInstanceOf(ExportException.class);
    }
  }

  private static Block embedding(NDArray table, SparseFormat format) {
    return Exports.lambda(ids -> Embedding.embedding(ids, table, format).singletonOrThrow());
  }

  @Test
  void fullyConvolutional_dynamicHeight_agrees() throws IOException, OrtException {
    SequentialBlock block =
        new SequentialBlock()
            .add(
                Conv2d.builder()
                    .setKernelShape(new Shape(3, 3))
                    .setFilters(4)
                    .optPadding(new Shape(1, 1))
                    .build())
            .add(BatchNorm.builder().build())
            .add(Activation.geluBlock())
            .add(Pool.maxPool2dBlock(new Shape(3, 3), new Shape(1, 2), new Shape(1, 1), false))
            .add(Pool.avgPool2dBlock(new Shape(3, 3), new Shape(1, 1), new Shape(1, 1), false))
            .add(Pool.globalAvgPool2dBlock())
            .add(Linear.builder().setUnits(3).build());
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, new Shape(1, 2, 8, 9));
      Weights.fill(block, 3);
      Agreement.of(block)
          .normal(1, 2, 8, 9)
          .axis(2, "height", 1, 2, 10, 33)
          .batches(1, 2, 3)
          .tolerance(TOLERANCE)
          .holds();
      Exports.bytes( // and holds for the verification, at heights of its own
          OnnxExporter.builder()
              .block(block)
              .input("input_0", new Shape(1, 2, 8, 9))
              .dynamicAxis("input_0", 2, "height"));
    }
  }

  @Test
  void convolution_float64_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray weight = manager.ones(new Shape(1, 3, 2), DataType.FLOAT64);
      Shape one = new Shape(1);
      refuses(
          x ->
              x.getNDArrayInternal()
                  .convolution(
                      x.toType(DataType.FLOAT64, false), weight, null, one, new Shape(0), one, 1)
                  .singletonOrThrow(),
          SHAPE,
          "NDArrayEx.convolution",
          "float64");
    }
  }

  @Test
  void whatTheEngineLacks_isRefused() {
    refuses(
        Conv2dTranspose.builder().setKernelShape(new Shape(2, 2)).setFilters(2).build(),
        new Shape(1, 2, 4, 4),
        "NDArrayEx.deconvolution");
    refuses(x -> x.getNDArrayInternal().prelu(x, x).singletonOrThrow(), SHAPE, "NDArrayEx.prelu");
  }

  private static void refuses(UnaryOperator<NDArray> function, Shape shape, String... message) {
    refuses(Exports.lambda(function), shape, message);
  }

  private static void refuses(Block block, Shape shape, String... message) {
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, shape);
      assertThatThrownBy(() -> Exports.model(block, shape))
          .isInstanceOf(ExportException.class)
          .hasMessageContainingAll(message);
    }
  }

  private static List<String> operators(Block block, Shape shape, int opset) throws IOException {
    ModelProto model = Agreement.of(block).normal(shape.getShape()).opset(opset).model();
    return model.getGraph().getNodeList().stream().map(NodeProto::getOpType).toList();
  }

  private static void agrees(Block block, Shape shape) throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      block.initialize(manager, DataType.FLOAT32, shape);
      Agreement.of(block).normal(shape.getShape()).tolerance(TOLERANCE).holds();
    }
  }
}
