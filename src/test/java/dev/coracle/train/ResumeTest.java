// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.coracle.CoracleException;
import dev.coracle.dataset.ImageSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that stops after an epoch and is resumed equals one that never stopped, bit by bit. */
class ResumeTest {

  private final Path folder;

  ResumeTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @ParameterizedTest
  @EnumSource
  void train_stoppedAndResumed_sameBitsAsStraight(OptimizerKind kind) throws IOException {
    Path straight = folder.resolve("straight");
    Path stopped = folder.resolve("stopped");
    TrainingOptions.Builder options = Images.options(kind);

    float[] expected = train(options.epochs(2).checkpointFolder(straight).build());
    train(options.epochs(1).checkpointFolder(stopped).build());
    List<String> steps = new ArrayList<>();
    float[] actual =
        train(
            options.epochs(2).resume(true).build(),
            new MetricsListener() {
              @Override
              public void onStep(Step step) {
                steps.add(step.epoch() + "." + step.step());
              }
            });

    assertThat(steps).containsExactly("2.1", "2.2", "2.3");
    assertThat(actual).containsExactly(expected);
    Path one = straight.resolve(Checkpoint.FILE_NAME);
    Path other = stopped.resolve(Checkpoint.FILE_NAME);
    Map<String, ByteBuffer> state = SavedCheckpoint.arrays(one, "optimizer");
    assertThat(SavedCheckpoint.arrays(other, "optimizer")).isEqualTo(state);
    assertThat(state).hasSize(8 * Optimizers.arraysPerParameter(kind));
    assertThat(SavedCheckpoint.arrays(other, "parameters"))
        .hasSize(8)
        .isEqualTo(SavedCheckpoint.arrays(one, "parameters"));
    assertThat(Files.readAllBytes(other)).isEqualTo(Files.readAllBytes(one));
  }

  @Test
  void write_checkpoint_headerAndArraysOfTheRun() throws IOException {
    TrainingOptions options =
        Images.options(OptimizerKind.ADAM).seed(-3).gamma(0.9f).checkpointFolder(folder).build();
    Path file = folder.resolve(Checkpoint.FILE_NAME);
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      double accuracy = run.train(List.of()).accuracy();

      assertThat(SavedCheckpoint.entries(file))
          .containsOnlyKeys("checkpoint.json", "parameters.safetensors", "optimizer.safetensors");
      JsonObject header = SavedCheckpoint.header(file);
      assertThat(header.get("format").getAsInt()).isEqualTo(1);
      assertThat(header.get("epoch").getAsInt()).isEqualTo(1);
      assertThat(header.get("updates").getAsInt()).isEqualTo(3);
      assertThat(header.get("seed").getAsInt()).isEqualTo(-3);
      assertThat(header.get("batch_size").getAsInt()).isEqualTo(16);
      assertThat(header.get("learning_rate").getAsFloat()).isEqualTo(0.001f);
      assertThat(header.get("gamma").getAsFloat()).isEqualTo(0.9f);
      assertThat(header.get("optimizer").getAsString()).isEqualTo("ADAM");
      assertThat(header.get("data_sha256").getAsString()).isEqualTo(Images.TRAIN.sha256());
      assertThat(header.get("test_accuracy").getAsDouble()).isEqualTo(accuracy);
      assertThat(SavedCheckpoint.arrays(file, "parameters"))
          .isEqualTo(Images.parameters(run.block()));
      assertThat(SavedCheckpoint.arrays(file, "optimizer"))
          .containsKeys("0/conv1.weight", "1/conv1.weight", "0/fc2.bias", "1/fc2.bias");
      assertThat(Checkpoint.read(file))
          .isEqualTo(
              new Checkpoint(
                  1, 3, -3, 16, 0.001f, 0.9f, OptimizerKind.ADAM, Images.TRAIN.sha256(), accuracy));
    }
  }

  /** A network that makes no error has no gradients, which DJL's own trainer takes for a fault. */
  @Test
  void resume_lossOfZero_goesOn() {
    byte[] pixels = new byte[32 * 784];
    ImageSet zeros = ImageSet.of(28, 28, pixels, new byte[32]);
    TrainingOptions.Builder options =
        Images.options(OptimizerKind.SGD).learningRate(50).checkpointFolder(folder);
    try (TrainingRun run = new TrainingRun(options.epochs(4).build(), zeros, zeros)) {
      assertThat(run.train(List.of()).loss()).isZero();
    }
    try (TrainingRun run = new TrainingRun(options.epochs(5).resume(true).build(), zeros, zeros)) {
      assertThat(run.train(List.of()).loss()).isZero();
    }
  }

  @Test
  void resume_otherOptions_namesTheItem() {
    TrainingOptions.Builder options = Images.options().checkpointFolder(folder);
    train(options.build());
    options.resume(true);

    assertRefused(options.seed(2).build(), Images.TRAIN, "its seed is 0, this run's is 2");
    options.seed(0);
    assertRefused(
        options.batchSize(8).build(), Images.TRAIN, "its batch size is 16, this run's is 8");
    options.batchSize(16);
    assertRefused(
        options.learningRate(0.5f).build(),
        Images.TRAIN,
        "its learning rate is 1.0, this run's is 0.5");
    options.learningRate(1);
    assertRefused(options.gamma(0.9f).build(), Images.TRAIN, "its gamma is 0.7, this run's is 0.9");
    options.gamma(0.7f);
    assertRefused(
        options.optimizer(OptimizerKind.ADAM).build(),
        Images.TRAIN,
        "its optimizer is ADADELTA, this run's is ADAM");
    options.optimizer(OptimizerKind.ADADELTA);
    ImageSet others = Images.slice(100, 40);
    assertRefused(
        options.build(),
        others,
        "its training data (SHA-256) is "
            + Images.TRAIN.sha256()
            + ", this run's is "
            + others.sha256());
    // And nothing is refused that may differ.
    train(options.epochs(2).testBatchSize(3).build());
  }

  /** The learning rate and Adam's correction go by it. */
  @Test
  void resume_otherNumberOfUpdates_namesIt() throws IOException {
    TrainingOptions.Builder options = Images.options().checkpointFolder(folder);
    train(options.build());
    Path file = folder.resolve(Checkpoint.FILE_NAME);
    Map<String, byte[]> entries = SavedCheckpoint.entries(file);
    String header = new String(SavedCheckpoint.entry(file, "checkpoint.json"), UTF_8);
    assertThat(header).contains("\"updates\" : 3,");
    entries.put(
        "checkpoint.json", header.replace("\"updates\" : 3,", "\"updates\" : 4,").getBytes(UTF_8));
    SavedCheckpoint.write(file, entries);
    assertRefused(
        options.epochs(2).resume(true).build(),
        Images.TRAIN,
        "its number of updates is 4, this run's is 3");
  }

  @Test
  void resume_moreEpochsDoneThanAsked_evaluatesOnly() {
    TrainingOptions.Builder options = Images.options().checkpointFolder(folder);
    float[] expected = train(options.epochs(2).build());
    assertThat(train(options.epochs(1).resume(true).build())).containsExactly(expected);
  }

  @Test
  void write_folderIsFile_saysSo() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "not a folder");
    TrainingOptions options = Images.options().checkpointFolder(file).build();
    assertThatThrownBy(() -> train(options))
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("cannot write checkpoint " + file.resolve(Checkpoint.FILE_NAME))
        .hasMessageContaining("is a file; expected a folder");
    assertThat(file).hasContent("not a folder");
  }

  @Test
  void write_fails_earlierCheckpointIsWhole() throws IOException {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Path file = folder.resolve(Checkpoint.FILE_NAME);
    TrainingOptions.Builder options = Images.options().checkpointFolder(folder);
    train(options.build());
    Files.move(file, elsewhere.resolve("kept"));
    Files.createDirectory(file); // in the place of the file: no checkpoint can be written
    TrainingOptions again = options.epochs(2).build();

    assertThatThrownBy(() -> train(again))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("is a folder")
        .hasMessageEndingWith("an earlier one is kept as it was");
    assertThat(Checkpoint.read(elsewhere.resolve("kept")).epoch()).isEqualTo(1);
    assertThat(file).isEmptyDirectory();
  }

  private static void assertRefused(TrainingOptions options, ImageSet train, String message) {
    assertThatThrownBy(() -> new TrainingRun(options, train, Images.TEST))
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("cannot resume from ")
        .hasMessageContaining(message)
        .hasMessageEndingWith("give the same value, or start again without --resume");
  }

  private static float[] train(TrainingOptions options, MetricsListener... listeners) {
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST)) {
      return run.train(List.of(listeners)).logProbabilities();
    }
  }
}
