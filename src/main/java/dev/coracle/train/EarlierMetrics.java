// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.train.MetricsListener.Epoch;
import dev.coracle.train.MetricsListener.Step;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads back the metrics that {@link JsonLinesMetrics} wrote for the epochs from which a run
 * continues, so that a listener receives those of the whole training.
 */
public final class EarlierMetrics {

  private static final JsonFactory JSON = new JsonFactory();

  private final List<Step> steps = new ArrayList<>(); // of the epochs that came to their end
  private final List<Epoch> epochs = new ArrayList<>();
  private final List<Step> unfinished = new ArrayList<>(); // steps of the epoch under way
  private boolean anew; // whether the run under way began a training and has finished no epoch

  private EarlierMetrics() {}

  /**
   * Passes all steps and epochs up to a checkpoint to a listener; none if the file does not have
   * all epochs, or belongs to another training.
   *
   * @throws IOException when the file exists and cannot be read
   */
  public static void replay(Path file, Checkpoint until, MetricsListener listener)
      throws IOException {
    if (!Files.exists(file)) {
      return;
    }
    EarlierMetrics earlier = new EarlierMetrics();
    // Not Files.newBufferedReader, which a damaged byte makes fail.
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        earlier.read(line);
      }
    }
    if (earlier.areOf(until)) {
      earlier.steps.forEach(listener::onStep);
      earlier.epochs.forEach(listener::onEpoch);
    }
  }

  private boolean areOf(Checkpoint until) {
    int count = epochs.size();
    if (count != until.epoch() || epochs.get(count - 1).testAccuracy() != until.testAccuracy()) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      if (epochs.get(i).epoch() != i + 1) {
        return false;
      }
    }
    return true;
  }

  private void read(String line) {
    try {
      Map<String, String> fields = fields(line);
      switch (fields.getOrDefault("event", "")) {
        case "start" -> start(fields.get("resume"));
        case "step" -> unfinished.add(step(fields));
        case "epoch" -> endEpoch(epoch(fields));
        default -> {}
      }
    } catch (IOException | NumberFormatException e) {
      // a truncated line, or one of an older format: areOf notices what is missing
    }
  }

  /** Forgets the steps of an epoch that did not come to its end, which is trained anew. */
  private void start(@Nullable String resume) {
    unfinished.clear();
    anew = !"true".equals(resume);
  }

  /** Until a new training has finished an epoch, the checkpoint is that of the one before. */
  private void endEpoch(Epoch epoch) {
    if (anew) {
      steps.clear();
      epochs.clear();
      anew = false;
    }
    steps.addAll(unfinished);
    unfinished.clear();
    epochs.add(epoch);
  }

  private static Map<String, String> fields(String line) throws IOException {
    Map<String, String> fields = new HashMap<>();
    try (JsonParser json = JSON.createParser(line)) {
      json.nextToken(); // start of the object
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        fields.put(name, json.getText());
      }
    }
    return fields;
  }

  private static Step step(Map<String, String> fields) {
    return new Step(
        whole(fields, "epoch"),
        whole(fields, "step"),
        whole(fields, "steps"),
        whole(fields, "images"),
        whole(fields, "images_in_all"),
        (float) number(fields, "loss"),
        (float) number(fields, "learning_rate"));
  }

  private static Epoch epoch(Map<String, String> fields) {
    return new Epoch(
        whole(fields, "epoch"),
        whole(fields, "epochs"),
        number(fields, "train_loss"),
        number(fields, "test_loss"),
        whole(fields, "test_correct"),
        whole(fields, "test_images"),
        number(fields, "test_accuracy"),
        number(fields, "seconds"),
        number(fields, "images_per_second"),
        (float) number(fields, "learning_rate"));
  }

  private static int whole(Map<String, String> fields, String name) {
    return Integer.parseInt(Objects.requireNonNullElse(fields.get(name), "")); // "" is not a number
  }

  private static double number(Map<String, String> fields, String name) {
    return Double.parseDouble(Objects.requireNonNullElse(fields.get(name), ""));
  }
}
