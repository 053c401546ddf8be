// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Net;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains on 40 digits: three steps of 16, 16 and 8 images. Bitwise, since on one thread. */
class TrainingRunTest {

  private final Path folder;

  TrainingRunTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void train_sameSeed_sameBits() {
    TrainingOptions options = Images.options().epochs(2).build();
    assertThat(trained(options)).isEqualTo(trained(options));
  }

  @Test
  void train_otherSeed_otherParameters() {
    Map<String, ByteBuffer> one = trained(Images.options().seed(1).build());
    Map<String, ByteBuffer> two = trained(Images.options().seed(2).build());
    one.forEach((name, values) -> assertThat(two.get(name)).as(name).isNotEqualTo(values));
  }

  /** libtorch's gradient mode is the thread's own, and on for a new thread. */
  @Test
  void train_anotherThreadThanTheEngines_sameBits() throws Exception {
    TrainingOptions options = Images.options().build();
    Map<String, ByteBuffer> here = trained(options);
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      assertThat(other.submit(() -> trained(options)).get()).isEqualTo(here);
    } finally {
      other.shutdownNow();
    }
  }

  @Test
  void train_smallSet_learnsIt() {
    List<Double> losses = new ArrayList<>();
    MetricsListener recorder =
        new MetricsListener() {
          @Override
          public void onEpoch(Epoch epoch) {
            losses.add(epoch.testLoss());
          }
        };
    TrainingOptions options = Images.options(OptimizerKind.ADAM).epochs(10).gamma(1).build();
    Evaluation result;
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TRAIN)) {
      result = run.train(List.of(recorder));
    }
    assertThat(losses.get(9)).isLessThan(losses.get(0) / 2);
    assertThat(result.loss()).isEqualTo(losses.get(9));
    assertThat(result.accuracy()).isGreaterThan(0.8);
  }

  @Test
  void train_listeners_hearAllInOrder() {
    List<String> events = new ArrayList<>();
    List<MetricsListener.Step> steps = new ArrayList<>();
    List<MetricsListener.Epoch> epochs = new ArrayList<>();
    MetricsListener recorder =
        new MetricsListener() {
          @Override
          public void onStep(Step step) {
            events.add("step " + step.epoch() + "." + step.step() + " of " + step.steps());
            steps.add(step);
          }

          @Override
          public void onEpoch(Epoch epoch) {
            events.add("epoch " + epoch.epoch() + " of " + epoch.epochs());
            epochs.add(epoch);
          }
        };
    Evaluation result;
    try (TrainingRun run =
        new TrainingRun(
            Images.options().epochs(2).gamma(0.5f).build(), Images.TRAIN, Images.TEST)) {
      assertThat(run.epochsDone()).isZero();
      result = run.train(List.of(recorder));
      assertThat(run.epochsDone()).isEqualTo(2);
      assertThat(run.train(List.of(recorder)).loss()).isEqualTo(result.loss()); // nothing is left
    }

    assertThat(events)
        .containsExactly(
            "step 1.1 of 3",
            "step 1.2 of 3",
            "step 1.3 of 3",
            "epoch 1 of 2",
            "step 2.1 of 3",
            "step 2.2 of 3",
            "step 2.3 of 3",
            "epoch 2 of 2");
    assertThat(steps)
        .extracting(MetricsListener.Step::images)
        .containsExactly(16, 32, 40, 16, 32, 40);
    assertThat(steps).extracting(MetricsListener.Step::imagesInAll).containsOnly(40);
    assertThat(steps)
        .extracting(MetricsListener.Step::learningRate)
        .containsExactly(1f, 1f, 1f, 0.5f, 0.5f, 0.5f);
    assertThat(epochs).extracting(MetricsListener.Epoch::learningRate).containsExactly(1f, 0.5f);
    for (int e = 0; e < 2; e++) {
      double sum = 16.0 * steps.get(3 * e).loss() + 16.0 * steps.get(3 * e + 1).loss();
      double mean = (sum + 8.0 * steps.get(3 * e + 2).loss()) / 40;
      assertThat(epochs.get(e).trainLoss()).isCloseTo(mean, within(1e-12)); // both in double
      assertThat(epochs.get(e).testImages()).isEqualTo(20);
      assertThat(epochs.get(e).testAccuracy()).isEqualTo(epochs.get(e).testCorrect() / 20.0);
      assertThat(epochs.get(e).seconds()).isPositive();
    }
    assertThat(epochs.get(1).testLoss()).isEqualTo(result.loss());
    assertThat(epochs.get(1).testCorrect()).isEqualTo(result.correct());
    // Ten classes and no knowledge: ln 10, up to what an untrained network happens to believe.
    assertThat((double) steps.get(0).loss()).isCloseTo(Math.log(10), within(0.3));
  }

  @Test
  void train_dryRun_oneStepOneTestBatchNoCheckpoint() throws Exception {
    List<MetricsListener.Step> steps = new ArrayList<>();
    MetricsListener recorder =
        new MetricsListener() {
          @Override
          public void onStep(Step step) {
            steps.add(step);
          }
        };
    TrainingOptions options =
        Images.options().epochs(14).dryRun(true).checkpointFolder(folder).build();
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      assertThat(run.train(List.of(recorder)).images()).isEqualTo(16);
    }
    assertThat(steps).hasSize(1);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void train_batchLargerThanSet_oneStepOfAll() {
    List<Integer> images = new ArrayList<>();
    MetricsListener recorder =
        new MetricsListener() {
          @Override
          public void onStep(Step step) {
            images.add(step.images());
          }
        };
    TrainingOptions options =
        Images.options().batchSize(Integer.MAX_VALUE).testBatchSize(Integer.MAX_VALUE).build();
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      assertThat(run.train(List.of(recorder)).images()).isEqualTo(20);
    }
    assertThat(images).containsExactly(40);
  }

  @Test
  void evaluate_testBatchSizes_sameUpToRounding() {
    float[] one;
    float[] many;
    try (TrainingRun run =
        new TrainingRun(Images.options().testBatchSize(1).build(), Images.TRAIN, Images.TEST)) {
      one = run.evaluate().logProbabilities();
    }
    try (TrainingRun run =
        new TrainingRun(Images.options().testBatchSize(7).build(), Images.TRAIN, Images.TEST)) {
      many = run.evaluate().logProbabilities();
    }
    assertThat(one).hasSize(200);
    // Sums of up to 9216 float32 products, in the order that suits the batch.
    assertThat(many).containsExactly(one, within(1e-5f));
  }

  @Test
  void train_lossNoNumber_saysWhereAndKeepsTheCheckpoint() throws Exception {
    TrainingOptions.Builder options =
        Images.options(OptimizerKind.SGD).checkpointFolder(folder).epochs(1);
    trained(options.build());
    Path file = folder.resolve(Checkpoint.FILE_NAME);
    byte[] before = Files.readAllBytes(file);

    TrainingOptions diverging = options.learningRate(9e5f).gamma(1).epochs(20).build();
    try (TrainingRun run = new TrainingRun(diverging, Images.TRAIN, Images.TEST)) {
      assertThatThrownBy(() -> run.train(List.of()))
          .isInstanceOf(CoracleException.class)
          .hasMessageMatching(
              "the loss became (NaN|-?Infinity) in epoch \\d+, step \\d+, with learning rate"
                  + " 900000\\.0: training stopped, .+; try a smaller learning rate");
      if (run.epochsDone() == 0) {
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
      }
      // Whatever epoch it is of: the network that it holds gives numbers.
      Checkpoint.loadParameters(file, run.block().getParameters());
      assertThat(run.evaluate().loss()).isFinite();
    }
  }

  /** One step an epoch: the loss before the update is a number, the network after it is none. */
  @Test
  void train_lastUpdateOfAnEpochDiverges_noCheckpointOfIt() {
    TrainingOptions options =
        Images.options(OptimizerKind.SGD)
            .learningRate(9e5f)
            .gamma(1)
            .epochs(50)
            .batchSize(40)
            .checkpointFolder(folder)
            .build();
    List<Integer> done = new ArrayList<>();
    MetricsListener recorder =
        new MetricsListener() {
          @Override
          public void onEpoch(Epoch epoch) {
            assertThat(epoch.testLoss()).isFinite();
            done.add(epoch.epoch());
          }
        };
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TRAIN)) {
      assertThatThrownBy(() -> run.train(List.of(recorder)))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("in epoch " + (done.size() + 1) + ", step 1,")
          .hasMessageContaining("the checkpoint of epoch " + done.size() + " is kept in " + folder);
      assertThat(run.epochsDone()).isEqualTo(done.size());
    }
    assertThat(Checkpoint.read(folder.resolve(Checkpoint.FILE_NAME)).epoch())
        .isEqualTo(done.size());
  }

  @Test
  void construct_unfitImages_saysWhatIsExpected() {
    ImageSet small = ImageSet.of(14, 28, new byte[14 * 28], new byte[1]);
    ImageSet empty = ImageSet.of(28, 28, new byte[0], new byte[0]);
    ImageSet letters = ImageSet.of(28, 28, new byte[784], new byte[] {10});
    assertRefused(small, "images are 14×28; the network takes 28×28");
    assertRefused(empty, "the set has no images; expected at least one");
    assertRefused(letters, "image 0 has label 10; the network knows labels 0 to 9");
  }

  private static void assertRefused(ImageSet set, String message) {
    TrainingOptions options = Images.options().build();
    assertThatThrownBy(() -> new TrainingRun(options, set, Images.TEST))
        .isInstanceOf(CoracleException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> new TrainingRun(options, Images.TRAIN, set))
        .isInstanceOf(CoracleException.class)
        .hasMessage(message);
  }

  @Test
  void close_twice_doesNothing() {
    TrainingRun run = new TrainingRun(Images.options().build(), Images.TRAIN, Images.TEST);
    run.train(List.of());
    run.close();
    run.close();
    assertThatThrownBy(run::evaluate).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> run.train(List.of())).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void train_fourListeners_eachHearsBeforeTheNextStep() {
    List<Integer> order = new ArrayList<>();
    List<MetricsListener> listeners =
        IntStream.range(0, 4)
            .<MetricsListener>mapToObj(
                i ->
                    new MetricsListener() {
                      @Override
                      public void onStep(Step step) {
                        order.add(10 * step.step() + i);
                      }
                    })
            .toList();
    try (TrainingRun run = new TrainingRun(Images.options().build(), Images.TRAIN, Images.TEST)) {
      run.train(listeners);
    }
    assertThat(order).containsExactly(10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33);
  }

  @Test
  void block_net_onTheDeviceAskedFor() {
    try (TrainingRun run = new TrainingRun(Images.options().build(), Images.TRAIN, Images.TEST)) {
      assertThat(run.block()).isInstanceOf(Net.class);
      assertThat(run.device().isGpu()).isFalse();
    }
  }

  private static Map<String, ByteBuffer> trained(TrainingOptions options) {
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      run.train(List.of());
      return Images.parameters(run.block());
    }
  }
}
