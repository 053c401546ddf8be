// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.basicmodelzoo.nlp.SimpleTextDecoder;
import ai.djl.basicmodelzoo.nlp.SimpleTextEncoder;
import ai.djl.engine.Engine;
import ai.djl.modality.nlp.DefaultVocabulary;
import ai.djl.modality.nlp.embedding.TrainableTextEmbedding;
import ai.djl.modality.nlp.embedding.TrainableWordEmbedding;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.recurrent.RecurrentBlock;
import ai.djl.nn.transformer.BertBlock;
import ai.djl.nn.transformer.BertMaskedLanguageModelBlock;
import ai.djl.nn.transformer.BertNextSentenceBlock;
import ai.djl.nn.transformer.BertPretrainingBlock;
import ai.djl.nn.transformer.IdEmbedding;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DJL's blocks for text: attention, transformers, BERT and its heads, recurrent classifiers. */
class TransformerTest {

  /** float32 over some ten layers, each with sums of some hundred terms. */
  private static final double TOLERANCE = 2e-5;

  private static final long[] BATCHES = {1, 2, 7, 64};
  private static final int WORDS = 40;
  private static final int LENGTH = 12;

  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void attention_ofItself_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 5, 8);
    for (int opset : new int[] {13, 17, 21}) {
      agreement(attention(shape)).normal(1, 5, 8).opset(opset).holds();
    }
    agreement(attention(shape, new Shape(1, 5, 5)))
        .normal(1, 5, 8)
        .between(0, 2, DataType.INT64, 1, 5, 5)
        .holds();
    agreement(attention(shape, new Shape(1, 5, 5)))
        .normal(1, 5, 8)
        .normal(1, 1, 5, 5) // of rank 4: offsets that the caller worked out
        .holds();
  }

  @Test
  void attention_ofKeyQueryAndValue_agrees() throws IOException, OrtException {
    Shape key = new Shape(1, 5, 8);
    Shape query = new Shape(1, 3, 8);
    agreement(attention(key, query, key)).normal(1, 5, 8).normal(1, 3, 8).normal(1, 5, 8).holds();
    agreement(attention(key, query, key))
        .normal(1, 5, 8)
        .normal(1, 3, 8)
        .normal(1, 5, 8)
        .between(0, 2, DataType.INT32, 1, 3, 5)
        .holds();
  }

  private static Agreement agreement(Block block) {
    return Agreement.of(block).batches(BATCHES).tolerance(TOLERANCE);
  }

  private Block attention(Shape... shapes) {
    Block block =
        ScaledDotProductAttentionBlock.builder().setEmbeddingSize(8).setHeadCount(2).build();
    return Weights.initialize(block, manager, shapes);
  }

  @Test
  void encoder_withAndWithoutMask_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, LENGTH, 16);
    Block encoder = new TransformerEncoderBlock(16, 4, 32, 0.1f, Activation::gelu);
    Weights.initialize(encoder, manager, shape);
    agreement(encoder).normal(1, LENGTH, 16).holds();
    agreement(encoder)
        .normal(1, LENGTH, 16)
        .between(0, 2, DataType.INT64, 1, LENGTH, LENGTH)
        .holds();
  }

  @Test
  void idEmbedding_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, LENGTH);
    Block embedding =
        new IdEmbedding.Builder().setDictionarySize(WORDS).setEmbeddingSize(6).build();
    Weights.initialize(embedding, manager, shape);
    for (DataType type : List.of(DataType.INT64, DataType.INT32)) {
      agreement(embedding).between(0, WORDS, type, 1, LENGTH).tolerance(0).holds();
    }
  }

  @Test
  void bert_nano_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, LENGTH);
    Block bert = Weights.initialize(bert().build(), manager, shape, shape, shape);
    bertInputs(bert).whateverTheShape().batches(1).holds(); // DJL squeezes the batch away too
    bertInputs(bert).batches(2, 7, 64).holds();
  }

  @Test
  void bertPretraining_nano_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, LENGTH);
    Block pretraining =
        Weights.initialize(
            new BertPretrainingBlock(bert()), manager, shape, shape, shape, new Shape(1, 3));
    // Not at batch 1: DJL squeezes it away, and fails in the next layer.
    bertInputs(pretraining).between(0, LENGTH, DataType.INT64, 1, 3).batches(2, 7, 64).holds();
  }

  private static BertBlock.Builder bert() {
    return BertBlock.builder().nano().setTokenDictionarySize(WORDS).optMaxSequenceLength(LENGTH);
  }

  private static Agreement bertInputs(Block block) {
    return agreement(block)
        .between(0, WORDS, DataType.INT64, 1, LENGTH)
        .between(0, 2, DataType.INT64, 1, LENGTH)
        .between(0, 2, DataType.INT64, 1, LENGTH);
  }

  @Test
  void bertHeads_alone_agree() throws IOException, OrtException {
    Shape sequence = new Shape(1, LENGTH, 8);
    BertBlock small = bert().optEmbeddingSize(8).build();
    Block masked = new BertMaskedLanguageModelBlock(small, Activation::gelu);
    Shape table = new Shape(WORDS, 8);
    Weights.initialize(masked, manager, sequence, new Shape(1, 3), table);
    agreement(masked)
        .normal(1, LENGTH, 8)
        .between(0, LENGTH, DataType.INT32, 1, 3)
        .normal(WORDS, 8)
        .staticAxis(0)
        .holds();

    Block next = Weights.initialize(new BertNextSentenceBlock(), manager, new Shape(1, 8));
    agreement(next).normal(1, 8).holds();
  }

  @Test
  void simpleTextEncoder_withStates_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, LENGTH);
    Block encoder = new SimpleTextEncoder(embedding(), recurrent("LSTM", 2, true));
    Weights.initialize(encoder, manager, shape);
    agreement(encoder).between(0, WORDS, DataType.INT64, 1, LENGTH).holds();
  }

  @Test
  void simpleTextDecoder_unrolled_agrees() throws IOException, OrtException {
    Shape shape = new Shape(1, 1);
    Block decoder = new SimpleTextDecoder(embedding(), recurrent("LSTM", 1, false), WORDS);
    Weights.initialize(decoder, manager, shape);
    agreement(decoder).between(0, WORDS, DataType.INT64, 1, 1).tolerance(0).holds();
  }

  private static TrainableTextEmbedding embedding() {
    List<String> words = IntStream.range(0, WORDS).mapToObj(i -> "word" + i).toList();
    DefaultVocabulary vocabulary = DefaultVocabulary.builder().add(words).build();
    return new TrainableTextEmbedding(new TrainableWordEmbedding(vocabulary, 8));
  }

  private static RecurrentBlock recurrent(String kind, int layers, boolean returnState) {
    RecurrentBlock.BaseBuilder<?> builder = RecurrentOperatorTest.builder(kind);
    builder.setStateSize(10);
    builder.setNumLayers(layers);
    builder.optReturnState(returnState);
    return RecurrentOperatorTest.build(builder);
  }

  /** As the example of DJL that classifies MNIST row by row. */
  @ParameterizedTest
  @ValueSource(strings = {"LSTM", "GRU", "RNN"})
  void classifier_recurrentBatchNormLinear_agrees(String kind) throws IOException, OrtException {
    Shape shape = new Shape(1, 1, 28, 28);
    Block classifier =
        new SequentialBlock()
            .addSingleton(
                x -> {
                  long batch = x.getShape().get(0);
                  long channel = x.getShape().get(3);
                  return x.reshape(batch, x.getShape().size() / (batch * channel), channel);
                })
            .add(recurrent(kind, 2, false))
            .add(BatchNorm.builder().build())
            .add(Blocks.batchFlattenBlock())
            .add(Linear.builder().setUnits(10).build());
    Weights.initialize(classifier, manager, shape);
    agreement(classifier).normal(1, 1, 28, 28).holds();
  }
}
