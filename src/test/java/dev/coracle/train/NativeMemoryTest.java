// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import dev.coracle.net.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Counts native arrays, which the garbage collector does not free in time. */
class NativeMemoryTest {

  private final Path folder;
  private final LiveArrays live = new LiveArrays();
  private int managed;

  NativeMemoryTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @BeforeEach
  void countManaged() {
    managed = LiveArrays.managed();
  }

  @AfterEach
  void nothingIsLeft() {
    assertThat(live.count()).as("open arrays").isZero();
    assertThat(LiveArrays.managed()).as("arrays and managers below the root").isEqualTo(managed);
    live.close();
  }

  @ParameterizedTest
  @EnumSource
  void train_everyStepAndEpoch_sameNumberOfArrays(OptimizerKind kind) {
    List<Integer> afterSteps = new ArrayList<>();
    List<Integer> afterEpochs = new ArrayList<>();
    List<Integer> managedAfterEpochs = new ArrayList<>();
    MetricsListener counter =
        new MetricsListener() {
          @Override
          public void onStep(Step step) {
            afterSteps.add(live.count());
          }

          @Override
          public void onEpoch(Epoch epoch) {
            afterEpochs.add(live.count());
            managedAfterEpochs.add(LiveArrays.managed());
          }
        };
    TrainingOptions options = Images.options(kind).epochs(3).checkpointFolder(folder).build();

    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      run.train(List.of(counter));
    }

    assertThat(afterSteps.get(0)).isGreaterThan(8); // the parameters, at least
    assertThat(afterSteps).hasSize(9).containsOnly(afterSteps.get(0));
    assertThat(afterEpochs).hasSize(3).containsOnly(afterEpochs.get(0));
    assertThat(managedAfterEpochs).hasSize(3).containsOnly(managedAfterEpochs.get(0));
  }

  @ParameterizedTest
  @EnumSource
  void close_resumedRunThatNeverTrains_freesTheRestoredState(OptimizerKind kind) {
    TrainingOptions.Builder options = Images.options(kind).checkpointFolder(folder);
    try (TrainingRun run = new TrainingRun(options.build(), Images.TRAIN, Images.TEST)) {
      run.train(List.of());
    }
    try (TrainingRun run =
        new TrainingRun(options.resume(true).build(), Images.TRAIN, Images.TEST)) {
      assertThat(run.epochsDone()).isEqualTo(1);
    }
  }

  @Test
  void train_lossNoNumber_freesAll() {
    TrainingOptions options =
        Images.options(OptimizerKind.SGD).learningRate(9e5f).gamma(1).epochs(20).build();
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      assertThatThrownBy(() -> run.train(List.of())).isInstanceOf(CoracleException.class);
    }
  }

  @Test
  void train_listenerFails_freesAll() {
    MetricsListener failing =
        new MetricsListener() {
          @Override
          public void onStep(Step step) {
            throw new UnsupportedOperationException("a listener's own");
          }
        };
    try (TrainingRun run = new TrainingRun(Images.options().build(), Images.TRAIN, Images.TEST)) {
      assertThatThrownBy(() -> run.train(List.of(failing)))
          .isInstanceOf(UnsupportedOperationException.class);
      // Weights and the learning rate's step no longer belong together.
      assertThatIllegalStateException().isThrownBy(() -> run.train(List.of()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "empty", "half"})
  void construct_unusableCheckpoint_freesAll(String damage) throws Exception {
    TrainingOptions.Builder options = Images.options().checkpointFolder(folder);
    Path file = folder.resolve(Checkpoint.FILE_NAME);
    if (!damage.equals("missing")) {
      try (TrainingRun run = new TrainingRun(options.build(), Images.TRAIN, Images.TEST)) {
        run.train(List.of());
      }
      byte[] whole = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(whole, damage.equals("half") ? whole.length / 2 : 0));
    }
    TrainingOptions resuming = options.resume(true).build();
    assertThatThrownBy(() -> new TrainingRun(resuming, Images.TRAIN, Images.TEST))
        .isInstanceOf(CoracleException.class);
  }

  @Test
  void evaluate_anySet_managerOwnsNothingAfterwards() {
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu())) {
      var net = Golden.net(manager);
      int before = live.count();
      Evaluator.evaluate(net, manager, Images.TEST, 7);
      assertThat(live.count()).isEqualTo(before);
    }
  }

  @Test
  void read_djlDataset_freesAll() {
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu())) {
      ImageSet raw = Images.TEST;
      var dataset = DjlDatasets.of(manager, raw, 0, 1, 8, false);
      int before = live.count();
      DjlDatasets.read(dataset);
      assertThat(live.count()).isEqualTo(before);
    }
  }

  @Test
  void read_refusedDataset_freesAll() {
    try (NDManager manager = Devices.engine().newBaseManager(Device.cpu())) {
      var dataset = DjlDatasets.of(manager, Images.TEST, 0.1307f, 0.3081f, 8, false);
      int before = live.count();
      assertThatThrownBy(() -> DjlDatasets.read(dataset)).isInstanceOf(CoracleException.class);
      assertThat(live.count()).isEqualTo(before);
    }
  }
}
