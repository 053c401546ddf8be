// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.coracle.CoracleException;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;

/**
 * Writes each step and each epoch as one line of JSON, flushed at once, for other programs to
 * follow: {@code {"event":"step","epoch":1,"step":1,"loss":2.31,…}}. Appends, so that no earlier
 * run is lost; each run begins with a line {@code {"event":"start",…}} that has its options.
 */
public final class JsonLinesMetrics implements MetricsListener, AutoCloseable {

  private static final JsonFactory JSON = new JsonFactory();

  private final Path file;
  private final Writer out;

  /**
   * Opens or creates the file, in an existing folder, and writes the line that begins a run. Throws
   * CoracleException, as the methods do, when writing fails, for example on a full disk.
   */
  public JsonLinesMetrics(Path file, TrainingOptions options) throws IOException {
    this.file = file;
    boolean broken = endsWithinALine(file);
    out = Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    try {
      if (broken) {
        out.write('\n');
      }
      writeLine(json -> writeStart(json, options));
    } catch (IOException | RuntimeException e) {
      try {
        out.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /** Tells whether an earlier run was cut off within a line, by a full disk or its end. */
  private static boolean endsWithinALine(Path file) throws IOException {
    if (!Files.exists(file) || Files.size(file) == 0) {
      return false;
    }
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      ByteBuffer last = ByteBuffer.allocate(1);
      channel.position(channel.size() - 1).read(last);
      return last.get(0) != '\n';
    }
  }

  private static void writeStart(JsonGenerator json, TrainingOptions options) throws IOException {
    json.writeStringField("event", "start");
    json.writeStringField("time", Instant.now().toString());
    json.writeNumberField("epochs", options.epochs());
    json.writeNumberField("batch_size", options.batchSize());
    json.writeNumberField("lr", options.learningRate());
    json.writeNumberField("gamma", options.gamma());
    json.writeStringField("optimizer", options.optimizer().name());
    json.writeNumberField("seed", options.seed());
    json.writeBooleanField("resume", options.resume());
  }

  @Override
  public void onStep(Step s) {
    writeLine(
        json -> {
          json.writeStringField("event", "step");
          json.writeNumberField("epoch", s.epoch());
          json.writeNumberField("step", s.step());
          json.writeNumberField("steps", s.steps());
          json.writeNumberField("images", s.images());
          json.writeNumberField("images_in_all", s.imagesInAll());
          json.writeNumberField("loss", s.loss());
          json.writeNumberField("learning_rate", s.learningRate());
        });
  }

  @Override
  public void onEpoch(Epoch e) {
    writeLine(
        json -> {
          json.writeStringField("event", "epoch");
          json.writeNumberField("epoch", e.epoch());
          json.writeNumberField("epochs", e.epochs());
          json.writeNumberField("train_loss", e.trainLoss());
          json.writeNumberField("test_loss", e.testLoss());
          json.writeNumberField("test_correct", e.testCorrect());
          json.writeNumberField("test_images", e.testImages());
          json.writeNumberField("test_accuracy", e.testAccuracy());
          json.writeNumberField("seconds", e.seconds());
          json.writeNumberField("images_per_second", e.imagesPerSecond());
          json.writeNumberField("learning_rate", e.learningRate());
        });
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  private interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private void writeLine(Fields fields) {
    try {
      // One generator per line: it is closed after the object, while the writer stays open.
      try (JsonGenerator json =
          JSON.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)) {
        json.writeStartObject();
        fields.write(json);
        json.writeEndObject();
      }
      out.write('\n');
      out.flush();
    } catch (IOException e) {
      throw new CoracleException(
          "cannot write metrics to %s: %s".formatted(file, CoracleException.reason(e)), e);
    }
  }
}
