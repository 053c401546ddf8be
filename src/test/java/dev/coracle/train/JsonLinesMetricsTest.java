// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads what is written with another parser, Gson. */
class JsonLinesMetricsTest {

  private static final MetricsListener.Step STEP =
      new MetricsListener.Step(2, 3, 600, 300, 60_000, 2.3125f, 0.7f);
  private static final MetricsListener.Epoch EPOCH =
      new MetricsListener.Epoch(2, 14, 0.25, 0.125, 9_850, 10_000, 0.985, 40.5, 1481.48, 0.7f);

  private final Path file;

  JsonLinesMetricsTest(@TempDir Path folder) {
    file = folder.resolve("metrics.jsonl");
  }

  /** As when the disk was full. */
  @Test
  void start_afterHalfALine_beginsALineOfItsOwn() throws IOException {
    Files.writeString(file, "{\"event\":\"step\",\"ep");
    new JsonLinesMetrics(file, Images.options(OptimizerKind.ADAM).build()).close();
    new JsonLinesMetrics(file, Images.options(OptimizerKind.ADAM).build()).close();
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(3);
    for (String line : lines.subList(1, 3)) {
      assertThat(JsonParser.parseString(line).getAsJsonObject().get("event").getAsString())
          .isEqualTo("start");
    }
  }

  @Test
  void events_each_oneLineAtOnce() throws IOException {
    TrainingOptions options =
        Images.options(OptimizerKind.ADAM).epochs(14).seed(-5).learningRate(0.1f).build();
    try (JsonLinesMetrics metrics = new JsonLinesMetrics(file, options)) {
      assertThat(lines()).hasSize(1);
      metrics.onStep(STEP);
      assertThat(lines()).hasSize(2); // before it is closed
      metrics.onEpoch(EPOCH);
    }

    List<JsonObject> lines = lines();
    assertThat(lines).hasSize(3);
    JsonObject start = lines.get(0);
    assertThat(start.get("event").getAsString()).isEqualTo("start");
    assertThat(Instant.parse(start.get("time").getAsString())).isBeforeOrEqualTo(Instant.now());
    assertThat(start.get("epochs").getAsInt()).isEqualTo(14);
    assertThat(start.get("batch_size").getAsInt()).isEqualTo(16);
    assertThat(start.get("lr").getAsFloat()).isEqualTo(0.1f);
    assertThat(start.get("gamma").getAsFloat()).isEqualTo(0.7f);
    assertThat(start.get("optimizer").getAsString()).isEqualTo("ADAM");
    assertThat(start.get("seed").getAsInt()).isEqualTo(-5);
    assertThat(start.get("resume").getAsBoolean()).isFalse();
    JsonObject step = lines.get(1);
    assertThat(step.get("event").getAsString()).isEqualTo("step");
    assertThat(step.get("epoch").getAsInt()).isEqualTo(2);
    assertThat(step.get("step").getAsInt()).isEqualTo(3);
    assertThat(step.get("images").getAsInt()).isEqualTo(300);
    assertThat(step.get("loss").getAsFloat()).isEqualTo(2.3125f);
    assertThat(step.get("learning_rate").getAsFloat()).isEqualTo(0.7f);
    JsonObject epoch = lines.get(2);
    assertThat(epoch.get("event").getAsString()).isEqualTo("epoch");
    assertThat(epoch.get("epoch").getAsInt()).isEqualTo(2);
    assertThat(epoch.get("train_loss").getAsDouble()).isEqualTo(0.25);
    assertThat(epoch.get("test_loss").getAsDouble()).isEqualTo(0.125);
    assertThat(epoch.get("test_accuracy").getAsDouble()).isEqualTo(0.985);
    assertThat(epoch.get("seconds").getAsDouble()).isEqualTo(40.5);
    assertThat(epoch.get("images_per_second").getAsDouble()).isEqualTo(1481.48);
    assertThat(epoch.get("learning_rate").getAsFloat()).isEqualTo(0.7f);
  }

  @Test
  void open_existingFile_appends() throws IOException {
    for (int run = 0; run < 3; run++) {
      try (JsonLinesMetrics metrics = new JsonLinesMetrics(file, Images.options().build())) {
        metrics.onStep(STEP);
      }
    }
    assertThat(lines())
        .extracting(line -> line.get("event").getAsString())
        .containsExactly("start", "step", "start", "step", "start", "step");
  }

  @Test
  void train_withMetrics_linePerStepAndEpoch() throws IOException {
    TrainingOptions options = Images.options().build();
    try (TrainingRun run = new TrainingRun(options, Images.TRAIN, Images.TEST);
        JsonLinesMetrics metrics = new JsonLinesMetrics(file, options)) {
      run.train(List.of(metrics));
    }
    assertThat(lines())
        .extracting(line -> line.get("event").getAsString())
        .containsExactly("start", "step", "step", "step", "epoch");
  }

  private static MetricsListener.Step step(int epoch, int step) {
    return new MetricsListener.Step(epoch, step, 2, step * 10, 20, 1f / (epoch + step), 0.7f);
  }

  private static MetricsListener.Epoch epoch(int epoch) {
    return new MetricsListener.Epoch(
        epoch, 9, 1.0 / epoch, 2.0 / epoch, epoch, 7, epoch / 7.0, 3.25, 1.0 / 3, 0.7f);
  }

  private static Checkpoint checkpoint(int epoch, double accuracy) {
    return new Checkpoint(
        epoch, 2 * epoch, 0, 10, 1f, 0.7f, OptimizerKind.ADAM, "0".repeat(64), accuracy);
  }

  private List<Record> replayed(Checkpoint until) throws IOException {
    List<Record> heard = new ArrayList<>();
    MetricsListener listener =
        new MetricsListener() {
          @Override
          public void onStep(Step step) {
            heard.add(step);
          }

          @Override
          public void onEpoch(Epoch epoch) {
            heard.add(epoch);
          }
        };
    EarlierMetrics.replay(file, until, listener);
    return heard;
  }

  private JsonLinesMetrics open(boolean resume) throws IOException {
    Path folder = Objects.requireNonNull(file.getParent());
    return new JsonLinesMetrics(
        file, Images.options().checkpointFolder(folder).resume(resume).build());
  }

  private void write(boolean resume, MetricsListener.Epoch whole, MetricsListener.Step... steps)
      throws IOException {
    try (JsonLinesMetrics metrics = open(resume)) {
      for (MetricsListener.Step step : steps) {
        metrics.onStep(step);
      }
      metrics.onEpoch(whole);
    }
  }

  /** Another run before; the first of ours; one that ended within an epoch; the rest. */
  @Test
  void replay_severalRuns_isTheLastTraining() throws IOException {
    write(false, epoch(1), step(1, 1), step(1, 2));
    write(false, epoch(1), step(1, 1), step(1, 2));
    try (JsonLinesMetrics metrics = open(true)) {
      metrics.onStep(step(2, 1));
    }
    Files.writeString(file, "{\"event\":\"step\",\"ep", StandardOpenOption.APPEND);
    write(true, epoch(2), step(2, 1), step(2, 2));

    assertThat(replayed(checkpoint(2, 2 / 7.0)))
        .containsExactly(step(1, 1), step(1, 2), step(2, 1), step(2, 2), epoch(1), epoch(2));
    assertThat(replayed(checkpoint(1, 1 / 7.0))).as("one of an earlier epoch").isEmpty();
    assertThat(replayed(checkpoint(2, 0.5))).as("another training's").isEmpty();
  }

  /** The checkpoint is that of the training before. */
  @Test
  void replay_newTrainingStoppedInItsFirstEpoch_isTheOneBefore() throws IOException {
    write(false, epoch(1), step(1, 1), step(1, 2));
    try (JsonLinesMetrics metrics = open(false)) {
      metrics.onStep(step(1, 1));
    }
    assertThat(replayed(checkpoint(1, 1 / 7.0))).containsExactly(step(1, 1), step(1, 2), epoch(1));
    write(true, epoch(2), step(2, 1), step(2, 2));
    assertThat(replayed(checkpoint(2, 2 / 7.0)))
        .containsExactly(step(1, 1), step(1, 2), step(2, 1), step(2, 2), epoch(1), epoch(2));
  }

  /** As when the line of an epoch was lost: there are as many as the checkpoint has, and no 2. */
  @Test
  void replay_epochMissingInBetween_isNothing() throws IOException {
    write(false, epoch(1), step(1, 1));
    write(true, epoch(3), step(3, 1));
    assertThat(replayed(checkpoint(2, 3 / 7.0))).isEmpty();
    assertThat(replayed(checkpoint(3, 3 / 7.0))).isEmpty();
  }

  /** As when a disk has lost a block. */
  @Test
  void replay_bytesThatAreNoText_passesThemOver() throws IOException {
    write(false, epoch(1), step(1, 1));
    Files.write(
        file, new byte[] {'{', '"', (byte) 0xff, (byte) 0xc3, '\n'}, StandardOpenOption.APPEND);
    write(true, epoch(2), step(2, 1));
    assertThat(replayed(checkpoint(2, 2 / 7.0)))
        .containsExactly(step(1, 1), step(2, 1), epoch(1), epoch(2));
  }

  @Test
  void replay_noFileOrLinesOfOthers_isNothing() throws IOException {
    assertThat(replayed(checkpoint(1, 1 / 7.0))).isEmpty();
    Files.writeString(file, "[]\n3\n{}\n{\"event\":\"epoch\",\"epoch\":1}\n\u0000\n");
    assertThat(replayed(checkpoint(1, 1 / 7.0))).isEmpty();
  }

  @Test
  void open_missingFolder_ioException() {
    assertThatIOException()
        .isThrownBy(() -> new JsonLinesMetrics(file.resolve("none/x"), Images.options().build()));
  }

  @Test
  void open_fullDisk_namesTheFile() {
    Path full = Path.of("/dev/full"); // Linux: every write fails for want of space
    assumeTrue(Files.exists(full), "no /dev/full here");
    assertThatThrownBy(() -> new JsonLinesMetrics(full, Images.options().build()))
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("cannot write metrics to " + full + ": ");
  }

  @Test
  void onStep_closed_namesTheFile() throws IOException {
    JsonLinesMetrics metrics = new JsonLinesMetrics(file, Images.options().build());
    metrics.close();
    metrics.close();
    assertThatThrownBy(() -> metrics.onStep(STEP))
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("cannot write metrics to " + file + ": ");
  }

  private List<JsonObject> lines() throws IOException {
    return Files.readAllLines(file).stream()
        .map(line -> JsonParser.parseString(line).getAsJsonObject())
        .toList();
  }
}
