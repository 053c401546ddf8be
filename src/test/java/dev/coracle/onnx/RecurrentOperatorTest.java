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
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.recurrent.RecurrentBlock;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LSTM, GRU and RNN blocks, with each of their options, against DJL. */
class RecurrentOperatorTest {

  /** float32 sums of some ten terms of size 1, over some steps. */
  private static final double TOLERANCE = 1e-5;

  private static final int HIDDEN = 4;
  private static final int FEATURES = 3;
  private static final int STEPS = 6;

  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(5);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"LSTM", "GRU", "RNN", "RELU"})
  void block_layersDirectionsBiasesAndLayout_agrees(String kind) throws IOException, OrtException {
    for (int layers = 1; layers <= 3; layers++) {
      for (boolean bidirectional : new boolean[] {false, true}) {
        for (boolean biases : new boolean[] {false, true}) {
          if (bidirectional && biases) {
            continue; // DJL passes PyTorch the weights in an order that it refuses
          }
          for (boolean batchFirst : new boolean[] {false, true}) {
            RecurrentBlock.BaseBuilder<?> builder = builder(kind);
            builder.setNumLayers(layers);
            builder.optBidirectional(bidirectional);
            builder.optHasBiases(biases);
            builder.optBatchFirst(batchFirst);
            builder.optReturnState(layers != 2);
            builder.optDropRate(0.5f);
            sequences(initialized(build(builder)), batchFirst).holds();
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"LSTM", "GRU", "RNN", "RELU"})
  void block_statesInAndOut_agrees(String kind) throws IOException, OrtException {
    for (int layers = 1; layers <= 2; layers++) {
      for (boolean bidirectional : new boolean[] {false, true}) {
        RecurrentBlock.BaseBuilder<?> builder = builder(kind);
        builder.setNumLayers(layers);
        builder.optBidirectional(bidirectional);
        builder.optHasBiases(!bidirectional);
        builder.optReturnState(true);
        Agreement agreement = sequences(initialized(build(builder)), true);
        Shape state = new Shape(bidirectional ? 2L * layers : layers, 1, HIDDEN);
        for (int i = 0; i < (kind.equals("LSTM") ? 2 : 1); i++) {
          agreement.normal(state.getShape()).staticAxis(0).axis(1, GraphBuilder.BATCH_AXIS);
        }
        agreement.holds();
      }
    }
  }

  @Test
  void lstm_hiddenStateAlone_cellStartsFromZeros() throws IOException, OrtException {
    sequences(initialized(build(builder("LSTM"))), true)
        .normal(1, 1, HIDDEN)
        .staticAxis(0)
        .axis(1, GraphBuilder.BATCH_AXIS)
        .holds();
  }

  @Test
  void lstm_constantStates_agrees() throws IOException, OrtException {
    Block lstm = initialized(build(builder("LSTM")));
    Block started =
        before(
            lstm,
            list -> {
              NDArray x = list.head();
              Shape state = new Shape(1, x.getShape().get(0), HIDDEN);
              NDArray row = x.getManager().create(new float[] {1, -2, 3, 0}, new Shape(1, 1, 4));
              return new NDList(x, x.getManager().full(state, 0.5f), row.broadcast(state));
            });
    sequences(started, true).holds();
    Block fixed =
        before(
            lstm,
            list -> {
              NDArray state = list.head().getManager().arange(20f).reshape(1, 5, HIDDEN);
              return new NDList(list.head(), state, state.mul(0));
            });
    Agreement.of(fixed).normal(5, STEPS, FEATURES).staticAxis(0).tolerance(TOLERANCE).holds();
  }

  @Test
  void results_thoseNotUsed_costNothing() throws IOException, OrtException {
    RecurrentBlock.BaseBuilder<?> builder = builder("LSTM");
    builder.setNumLayers(2);
    builder.optReturnState(true);
    Block lstm = initialized(build(builder));
    for (int kept = 0; kept < 3; kept++) {
      int index = kept;
      Block one =
          new SequentialBlock().add(lstm).add(new LambdaBlock(l -> new NDList(l.get(index))));
      sequences(one, true).holds();
      assertThat(sequences(one, true).model().getGraph().getNodeList())
          .filteredOn(node -> node.getOpType().equals("LSTM"))
          .extracting(NodeProto::getOutputCount)
          .containsOnly(index + 1);
    }
  }

  @Test
  void model_ofAnLstm_hasOneNodeALayerAndNoStates() throws IOException {
    RecurrentBlock.BaseBuilder<?> builder = builder("LSTM");
    builder.setNumLayers(2);
    ModelProto model = sequences(initialized(build(builder)), true).model();
    assertThat(model.getGraph().getNodeList())
        .extracting(NodeProto::getOpType)
        .containsExactly("Transpose", "LSTM", "Squeeze", "LSTM", "Squeeze", "Transpose");
    assertThat(model.getGraph().getNode(1).getInputList())
        .endsWith("l_0_i2h_WEIGHT_iofc", "l_0_h2h_WEIGHT_iofc", "l_0_i2h_BIAS_iofc");
    assertThat(model.getGraph().getInitializerList())
        .extracting(TensorProto::getDimsList)
        .startsWith(List.of(1L, 16L, 3L), List.of(1L, 16L, 4L), List.of(1L, 32L));
  }

  @Test
  void lstm_bidirectionalWithBiasesInPyTorchsOrder_agrees() throws IOException, OrtException {
    Block custom =
        new LambdaBlock(
            list -> {
              NDArray x = list.head();
              NDList weights = new NDList();
              for (int i = 0; i < 8; i++) {
                NDArray array = x.getManager().create(Exports.ramp(16 * 4)).add(i / 8f);
                weights.add(
                    i % 4 < 2 ? array.reshape(16, 4) : array.reshape(4, 16).sum(new int[] {0}));
              }
              NDArray zeros = x.getManager().zeros(new Shape(2, x.getShape().get(0), HIDDEN));
              NDList states = new NDList(zeros, zeros);
              return x.getNDArrayInternal().lstm(x, states, weights, true, 1, 0, false, true, true);
            });
    Agreement.of(custom).normal(1, STEPS, 4).tolerance(TOLERANCE).holds();
  }

  @Test
  void call_whatOnnxRuntimeOrTheNodesCannot_isRefused() {
    refuses((x, w) -> rnn(x, w.duplicate(), state(x, batch(x)), false), "weights that are no");
    refuses(
        (x, w) -> rnn(w.reshape(1, 4, 4), ones(x), state(x, 3), false),
        "state of shape [1, 3, 4]; expected [1, 1, 4]");
    refuses((x, w) -> rnn(x, ones(x), state(x, batch(x)), true), "training=true", "NDArrayEx.rnn");
    refuses(
        (x, w) -> {
          NDArray wide = x.toType(DataType.FLOAT64, false);
          return rnn(wide, ones(wide), state(wide, batch(x)), false);
        },
        "NDArrayEx.rnn",
        "float64; convert it with toType");
  }

  private static void refuses(BinaryOperator<NDArray> function, String... message) {
    Block block = new LambdaBlock(l -> new NDList(function.apply(l.get(0), l.get(1))));
    Agreement agreement =
        Agreement.of(block).normal(1, STEPS, HIDDEN).normal(HIDDEN, HIDDEN).staticAxis(0);
    assertThatThrownBy(agreement::model)
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll(message);
  }

  private static NDArray rnn(NDArray x, NDArray weight, NDArray state, boolean training) {
    NDList weights = new NDList(weight, weight);
    return x.getNDArrayInternal()
        .rnn(x, state, weights, false, 1, RNN.Activation.TANH, 0, training, false, true)
        .head();
  }

  private static NDArray ones(NDArray x) {
    return x.getManager().ones(new Shape(HIDDEN, HIDDEN), x.getDataType());
  }

  private static NDArray state(NDArray x, long batch) {
    return x.getManager().zeros(new Shape(1, batch, HIDDEN), x.getDataType());
  }

  private static long batch(NDArray x) {
    return x.getShape().get(0);
  }

  @Test
  void weights_usedTwice_appearOnce() throws IOException, OrtException {
    Block lstm = initialized(build(builder("GRU")));
    Block twice =
        new ParallelBlock(lists -> new NDList(lists.get(0).head().add(lists.get(1).head())))
            .add(before(lstm, list -> new NDList(list.head().mul(2))))
            .add(before(lstm, list -> new NDList(list.head().sub(1))));
    sequences(twice, true).holds();
    assertThat(sequences(twice, true).model().getGraph().getInitializerList())
        .filteredOn(tensor -> tensor.getDimsCount() > 1)
        .hasSize(3);
  }

  @Test
  void lstm_everyOpset_agrees() throws IOException, OrtException {
    RecurrentBlock.BaseBuilder<?> builder = builder("LSTM");
    builder.setNumLayers(2);
    builder.optReturnState(true);
    Block lstm = initialized(build(builder));
    for (int opset = OnnxExporter.MIN_OPSET; opset <= OnnxExporter.MAX_OPSET; opset++) {
      sequences(lstm, true).opset(opset).batches(2).holds();
    }
  }

  static RecurrentBlock.BaseBuilder<?> builder(String kind) {
    RecurrentBlock.BaseBuilder<?> builder =
        switch (kind) {
          case "LSTM" -> LSTM.builder();
          case "GRU" -> GRU.builder();
          case "RNN" -> RNN.builder().setActivation(RNN.Activation.TANH);
          default -> RNN.builder().setActivation(RNN.Activation.RELU);
        };
    builder.setStateSize(HIDDEN);
    builder.setNumLayers(1);
    return builder;
  }

  static RecurrentBlock build(RecurrentBlock.BaseBuilder<?> builder) {
    if (builder instanceof LSTM.Builder lstm) {
      return lstm.build();
    }
    return builder instanceof GRU.Builder gru ? gru.build() : ((RNN.Builder) builder).build();
  }

  private Block initialized(Block block) {
    return Weights.initialize(block, manager, new Shape(1, STEPS, FEATURES));
  }

  private static Block before(Block block, Function<NDList, NDList> function) {
    return new SequentialBlock().add(new LambdaBlock(function)).add(block);
  }

  private static Agreement sequences(Block block, boolean batchFirst) {
    Agreement agreement = Agreement.of(block).tolerance(TOLERANCE);
    return batchFirst
        ? agreement.normal(1, STEPS, FEATURES)
        : agreement.normal(STEPS, 1, FEATURES).staticAxis(0).axis(1, GraphBuilder.BATCH_AXIS);
  }
}
