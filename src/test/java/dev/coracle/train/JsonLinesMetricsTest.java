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
import java.time.Instant;
import java.util.List;
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
