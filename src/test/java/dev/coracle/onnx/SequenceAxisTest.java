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
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.recurrent.RecurrentBlock;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The length of sequences is open beside the batch: no size compared here was traced. */
class SequenceAxisTest {

  private static final double TOLERANCE = 2e-5;

  private static final String BATCH = GraphBuilder.BATCH_AXIS;
  private static final String SEQUENCE = "sequence";
  private static final int WORDS = 40;

  /** Small and larger, each compared at each batch. */
  private static final long[] LENGTHS = {1, 2, 11};

  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"LSTM", "GRU", "RNN"})
  void recurrent_openLength_agrees(String kind) throws IOException, OrtException {
    for (boolean bidirectional : new boolean[] {false, true}) {
      RecurrentBlock.BaseBuilder<?> builder = RecurrentOperatorTest.builder(kind);
      builder.setNumLayers(2);
      builder.optReturnState(true);
      builder.optBidirectional(bidirectional);
      builder.optHasBiases(!bidirectional);
      Shape shape = new Shape(1, 6, 3);
      Block block = Weights.initialize(RecurrentOperatorTest.build(builder), manager, shape);
      sequences(block, shape).holds();
    }
  }

  @Test
  void attention_openLength_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 6, 8);
    Block attention = attention(shape);
    sequences(attention, shape).holds();
    sequences(attention, shape)
        .between(0, 2, DataType.INT64, 1, 6, 6)
        .axis(1, SEQUENCE)
        .axis(2, SEQUENCE)
        .holds();
  }

  @Test
  void attention_openLengthsOfKeyAndQuery_agrees() throws IOException, OrtException {
    Shape key = new Shape(1, 5, 8);
    Shape query = new Shape(1, 3, 8);
    Agreement.of(attention(key, query, key))
        .normal(key.getShape())
        .axis(1, "from", 1, 2, 11)
        .normal(query.getShape())
        .axis(1, "to", 1, 4, 13)
        .normal(key.getShape())
        .axis(1, "from")
        .between(0, 2, DataType.INT64, 1, 3, 5)
        .axis(1, "to")
        .axis(2, "from")
        .tolerance(TOLERANCE)
        .holds();
  }

  private Block attention(Shape... shapes) {
    Block block =
        ScaledDotProductAttentionBlock.builder().setEmbeddingSize(8).setHeadCount(2).build();
    return Weights.initialize(block, manager, shapes);
  }

  @Test
  void textClassifier_embeddingEncoderMean_agrees() throws IOException, OrtException {
    Block classifier =
        new SequentialBlock()
            .add(new IdEmbedding.Builder().setDictionarySize(WORDS).setEmbeddingSize(8).build())
            .add(new TransformerEncoderBlock(8, 2, 16, 0.1f, Activation::relu))
            .addSingleton(x -> x.mean(new int[] {1}))
            .add(Linear.builder().setUnits(3).build());
    Shape shape = new Shape(1, 6);
    Weights.initialize(classifier, manager, shape);
    Agreement agreement = words(classifier);
    agreement.holds();
    ModelProto model = agreement.model();
    assertThat(model.getGraph().getInput(0).getType().getTensorType().getShape().getDimList())
        .extracting(dim -> dim.getDimParam())
        .containsExactly(BATCH, SEQUENCE);
    assertThat(model.getGraph().getOutput(0).getType().getTensorType().getShape().getDimList())
        .extracting(dim -> dim.getDimParam() + dim.getDimValue())
        .containsExactly(BATCH + "0", "3");
  }

  @Test
  void textClassifier_paddingMaskFromTheIds_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 6);
    Block embedding =
        new IdEmbedding.Builder().setDictionarySize(WORDS).setEmbeddingSize(8).build();
    Block encoder = new TransformerEncoderBlock(8, 2, 16, 0.1f, Activation::gelu);
    Weights.initialize(embedding, manager, shape);
    Weights.initialize(encoder, manager, new Shape(1, 6, 8));
    Block masked = new MaskedEncoder(embedding, encoder);
    words(masked).holds();
  }

  @Test
  void positions_addedByLength_agrees() throws IOException, OrtException {
    Block block =
        lambda(
            x -> {
              long length = x.getShape().get(1);
              NDArray positions = x.getManager().arange((float) length).reshape(1, length, 1);
              NDArray last = x.get(":, " + (length - 1)).expandDims(1);
              return x.add(positions.div(length)).sub(last);
            });
    sequences(block, new Shape(1, 6, 3)).holds();
  }

  @Test
  void layerNormAndFlattenedTokens_agrees() throws IOException, OrtException {
    Block block =
        new SequentialBlock()
            .add(LayerNorm.builder().axis(2).build())
            .addSingleton(x -> x.reshape(-1, 3))
            .add(Linear.builder().setUnits(5).build());
    Shape shape = new Shape(1, 6, 3);
    Weights.initialize(block, manager, shape);
    sequences(block, shape).holds();
  }

  @Test
  void controlFlow_byLength_isRefused() {
    Block block = lambda(x -> x.getShape().get(1) > 12 ? x.add(1) : x.sub(1));
    assertThatThrownBy(sequences(block, new Shape(1, 6, 3))::model)
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll("control flow", "SequenceAxisTest.java", SEQUENCE);
  }

  @Test
  void bert_openLength_isRefusedAsItsPositionsAreFixed() {
    Shape shape = new Shape(1, 6);
    Block bert =
        BertBlock.builder()
            .nano()
            .optTransformerBlockCount(1)
            .setTokenDictionarySize(WORDS)
            .optMaxSequenceLength(6)
            .build();
    Weights.initialize(bert, manager, shape, shape, shape);
    Agreement agreement = Agreement.of(bert);
    for (int i = 0; i < 3; i++) {
      agreement.between(0, 2, DataType.INT64, shape.getShape()).axis(1, SEQUENCE);
    }
    assertThatThrownBy(agreement::model)
        .isInstanceOf(ExportException.class)
        .hasMessageContainingAll("the block failed on [input input_0 (3, 5)", "sequence=5}");
  }

  private static Agreement sequences(Block block, Shape shape) {
    return Agreement.of(block)
        .normal(shape.getShape())
        .axis(1, SEQUENCE, LENGTHS)
        .tolerance(TOLERANCE);
  }

  private static Agreement words(Block block) {
    return Agreement.of(block)
        .between(0, WORDS, DataType.INT64, 1, 6)
        .axis(1, SEQUENCE, LENGTHS)
        .tolerance(TOLERANCE);
  }

  private static Block lambda(UnaryOperator<NDArray> function) {
    return new LambdaBlock(list -> new NDList(function.apply(list.singletonOrThrow())));
  }

  /** Hides the tokens of id 0 from the attention. */
  private static final class MaskedEncoder extends AbstractBlock {
    private final Block embedding;
    private final Block encoder;

    MaskedEncoder(Block embedding, Block encoder) {
      this.embedding = addChildBlock("embedding", embedding);
      this.encoder = addChildBlock("encoder", encoder);
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore store,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {
      NDArray ids = inputs.singletonOrThrow(); // (N,T)
      NDArray known = ids.gt(0).toType(DataType.FLOAT32, false).expandDims(1); // (N,1,T)
      NDArray mask = ids.onesLike().toType(DataType.FLOAT32, false).expandDims(2).matMul(known);
      NDArray embedded = embedding.forward(store, new NDList(ids), training).head();
      return encoder.forward(store, new NDList(embedded, mask), training); // (N,T,E)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return new Shape[] {inputShapes[0].add(8)};
    }
  }
}
