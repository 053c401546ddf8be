// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.google.gson.JsonArray;
import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Golden;
import dev.coracle.net.Net;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EvaluatorTest {

  private final NDManager manager = Devices.engine().newBaseManager(Device.cpu());

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void evaluate_goldenNet_logProbabilitiesOfPyTorch() {
    Evaluation evaluation =
        Evaluator.evaluate(Golden.net(manager), manager, Images.ALL.first(32), 10);
    JsonArray expected = Golden.NUMBERS.getAsJsonArray("log_probabilities");
    for (int i = 0; i < 32; i++) {
      float[] row = Golden.floats(expected.get(i).getAsJsonArray());
      for (int c = 0; c < 10; c++) {
        // Float32 rounding of sums of up to 9216 products.
        assertThat(evaluation.logProbabilities()[i * 10 + c]).isCloseTo(row[c], within(1e-5f));
      }
    }
  }

  @Test
  void evaluate_blockOfAnotherWidth_refused() {
    Linear five = Linear.builder().setUnits(5).build();
    SequentialBlock block = new SequentialBlock().add(Blocks.batchFlattenBlock()).add(five);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 28, 28));
    assertThatThrownBy(() -> Evaluator.evaluate(block, manager, Images.TEST, 10))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("(10, 5)")
        .hasMessageContaining("(10, 10)");
  }

  /** Their mean would pass for a loss, even for one below 0. */
  @Test
  void evaluate_blockThatGivesLogits_refused() {
    Linear ten = Linear.builder().setUnits(10).build();
    SequentialBlock block = new SequentialBlock().add(Blocks.batchFlattenBlock()).add(ten);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 1, 28, 28));
    assertThatThrownBy(() -> Evaluator.evaluate(block, manager, Images.TEST, 10))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("for image 0; expected log-probabilities")
        .hasMessageEndingWith("end the block with logSoftmax(1)");
    block.addSingleton(logits -> logits.logSoftmax(1));
    assertThat(Evaluator.evaluate(block, manager, Images.TEST, 10).loss()).isPositive();
  }

  @Test
  void evaluate_rowsThatAreNoNumbers_letThrough() {
    SequentialBlock block =
        new SequentialBlock()
            .add(Blocks.batchFlattenBlock())
            .addSingleton(x -> x.get(":, :10").mul(Float.NaN));
    assertThat(Evaluator.evaluate(block, manager, Images.TEST, 10).loss()).isNaN();
  }

  /** A new thread's gradient mode is on, and a graph would keep every activation alive. */
  @Test
  void evaluate_newThread_recordsNoGradients() throws Exception {
    Spy spy = new Spy(Golden.net(manager));
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      other.submit(() -> Evaluator.evaluate(spy, manager, Images.TEST, 8)).get();
    } finally {
      other.shutdownNow();
    }
    assertThat(spy.recorded).containsExactly(false, false, false);
    assertThat(spy.training).containsOnly(false);
  }

  @Test
  void evaluate_unfitSet_saysWhatIsExpected() {
    Net net = Golden.net(manager);
    ImageSet small = ImageSet.of(2, 2, new byte[4], new byte[1]);
    assertThatThrownBy(() -> Evaluator.evaluate(net, manager, small, 1))
        .isInstanceOf(CoracleException.class)
        .hasMessage("images are 2×2; the network takes 28×28");
    assertThatThrownBy(() -> Evaluator.evaluate(net, manager, Images.TEST.first(0), 1))
        .isInstanceOf(CoracleException.class);
  }

  @Test
  void evaluate_batchSizeZero_illegalArgument() {
    Net net = Golden.net(manager);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Evaluator.evaluate(net, manager, Images.TEST, 0))
        .withMessage("batchSize is 0; expected at least 1");
  }

  /** Passes all on to a network and notes how it was asked. */
  private static final class Spy extends AbstractBlock {
    final List<Boolean> recorded = new ArrayList<>();
    final List<Boolean> training = new ArrayList<>();
    private final Block block;

    Spy(Block block) {
      this.block = block;
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore parameters,
        NDList inputs,
        boolean training,
        @Nullable PairList<String, Object> params) {
      NDList output = block.forward(parameters, inputs, training);
      NDArray array = output.singletonOrThrow();
      recorded.add(hasGraph(array));
      this.training.add(training);
      return output;
    }

    /** Asks by going backward, since DJL's hasGradient is false for whatever is computed. */
    private static boolean hasGraph(NDArray array) {
      try (GradientCollector collector = Devices.engine().newGradientCollector()) {
        collector.backward(array.sum());
        return true;
      } catch (EngineException e) {
        assertThat(e).hasMessageContaining("does not require grad");
        return false;
      }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
      return block.getOutputShapes(inputShapes);
    }

    @Override
    public boolean isInitialized() {
      return true;
    }

    @Override
    protected void initializeChildBlocks(
        NDManager manager, DataType dataType, Shape... inputShapes) {}
  }
}
