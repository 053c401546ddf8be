// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import dev.coracle.ModelMetadata;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Tells which class an image belongs to, with a model from an ONNX file. Thread-safe: share one
 * between all threads. Whoever opens a classifier closes it.
 *
 * <pre>{@code
 * try (Classifier digits = Classifier.open(Path.of("mnist.onnx"))) {
 *   System.out.println(digits.classify(pixels)); // 7 (99.9 %)
 * }
 * }</pre>
 *
 * <p>An image is {@code rows * columns} bytes, row by row from the top left: unsigned grey values,
 * 0 for the background. The file's metadata (see {@link ModelMetadata}) says how they are scaled
 * and what the output means. Results do not depend on the thread or on the calls before; the last
 * bits of a float may depend on how many images a call has.
 */
public final class Classifier implements AutoCloseable {

  // What the model sees at a time: enough to keep it busy, and little enough for the memory.
  private static final int MAX_BATCH = 256;
  private static final int MAX_BATCH_PIXELS = 1 << 22;

  private final OnnxModel model;
  private final ImageModel form;
  private final int imageSize;
  private final int batch;

  /** Input for each grey value, or null where the model takes the grey values themselves. */
  private final float @Nullable [] scale;

  private Classifier(OnnxModel model, ImageModel form) {
    this.model = model;
    this.form = form;
    this.imageSize = form.rows() * form.columns();
    this.scale = form.scaling() == null ? null : form.scaling().table();
    this.batch =
        form.fixesBatch()
            ? form.batch()
            : Math.max(1, Math.min(MAX_BATCH, MAX_BATCH_PIXELS / imageSize));
  }

  /** Opens a file with {@link ModelOptions#DEFAULTS}. */
  public static Classifier open(Path file) {
    return open(file, ModelOptions.DEFAULTS);
  }

  /**
   * Opens a file whose input is (batch, 1, rows, columns), float32 or uint8, and whose output is
   * (batch, classes) float32. Where the file fixes the batch, calls with more images are cut up and
   * calls with fewer are padded. See {@link OnnxModel} for use together with DJL.
   *
   * @throws CoracleException if the file is missing or unreadable, is no such model, or has
   *     metadata that is malformed
   */
  public static Classifier open(Path file, ModelOptions options) {
    OnnxModel model = OnnxModel.open(file, options);
    try {
      return new Classifier(model, ImageModel.of(model));
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /** Returns the names of the classes, in the order of the probabilities; unmodifiable. */
  public List<String> labels() {
    return form.labels();
  }

  /** Returns the file's metadata, among it the entries of {@link ModelMetadata}; unmodifiable. */
  public Map<String, String> metadata() {
    return model.metadata();
  }

  public int rows() {
    return form.rows();
  }

  public int columns() {
    return form.columns();
  }

  /**
   * Classifies one image.
   *
   * @throws IllegalArgumentException if the image has not {@code rows * columns} bytes
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails or its output is not a number
   */
  public Prediction classify(byte[] pixels) {
    return classify(List.of(Objects.requireNonNull(pixels, "pixels"))).get(0);
  }

  /**
   * Classifies images, in order, as {@link #classify(byte[])} does one; an empty list gives an
   * empty list. Many images in one call are faster than one call each.
   */
  public List<Prediction> classify(List<byte[]> images) {
    List<byte[]> checked = new ArrayList<>(images.size());
    for (byte[] image : images) {
      int index = checked.size();
      if (Objects.requireNonNull(image, () -> "image " + index).length != imageSize) {
        throw new IllegalArgumentException(
            "image %d: expected %d pixels (%d rows of %d), got %d"
                .formatted(index, imageSize, rows(), columns(), image.length));
      }
      checked.add(image);
    }
    model.checkOpen();
    int classes = labels().size();
    List<Prediction> predictions = new ArrayList<>(checked.size());
    for (int first = 0; first < checked.size(); first += batch) {
      List<byte[]> some = checked.subList(first, Math.min(checked.size(), first + batch));
      ByteBuffer pixels = ByteBuffer.allocate(some.size() * imageSize);
      some.forEach(pixels::put);
      float[] scores = logProbabilities(pixels.flip(), some.size());
      for (int from = 0; from < scores.length; from += classes) {
        predictions.add(Scores.prediction(scores, from, labels()));
      }
    }
    return List.copyOf(predictions);
  }

  /** Does for an array what {@link #logProbabilities(ByteBuffer, int)} does for a buffer. */
  public float[] logProbabilities(byte[] pixels, int count) {
    return logProbabilities(ByteBuffer.wrap(pixels), count);
  }

  /**
   * Returns the natural logarithms of the probabilities, {@code count * classes} floats, image
   * after image. Made for whole sets: the model sees at most 256 images at a time, unless the file
   * fixes another number, so a call needs little more memory than its result.
   *
   * @param pixels {@code count} images one after another, from position to limit; neither moves
   * @throws IllegalArgumentException if the buffer has not {@code count * rows * columns} bytes
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails or its output is not a number
   */
  public float[] logProbabilities(ByteBuffer pixels, int count) {
    if (count < 0 || pixels.remaining() != (long) count * imageSize) {
      throw new IllegalArgumentException(
          "expected %d images of %d pixels (%d rows of %d), got %d bytes"
              .formatted(count, imageSize, rows(), columns(), pixels.remaining()));
    }
    model.checkOpen();
    int classes = labels().size();
    float[] result = new float[Math.multiplyExact(count, classes)];
    int capacity = form.fixesBatch() ? batch : Math.min(batch, count);
    ByteBuffer input =
        ByteBuffer.allocateDirect(capacity * imageSize * form.pixelBytes())
            .order(ByteOrder.nativeOrder());
    ByteBuffer source = pixels.duplicate();
    for (int first = 0; first < count; first += batch) {
      int some = Math.min(batch, count - first);
      source.limit(source.position() + some * imageSize);
      float[] scores = run(source, input, form.fixesBatch() ? batch : some);
      Scores.normalize(scores, some, classes, form.logits(), model.file());
      System.arraycopy(scores, 0, result, first * classes, some * classes);
    }
    return result;
  }

  /** Frees the model after the calls under way; a second call does nothing. */
  @Override
  public void close() {
    model.close();
  }

  /**
   * Runs the model on the remaining pixels, for a batch of {@code images}. Where that is more than
   * there are, the rest of the input holds anything: rows of a batch do not see each other.
   */
  private float[] run(ByteBuffer pixels, ByteBuffer input, int images) {
    long[] shape = {images, 1, rows(), columns()};
    input.clear().limit(images * imageSize * form.pixelBytes());
    if (scale == null) {
      input.put(pixels).position(0);
      return model.run(input, shape);
    }
    FloatBuffer scaled = input.asFloatBuffer();
    while (pixels.hasRemaining()) {
      scaled.put(scale[pixels.get() & 0xff]);
    }
    return model.run(scaled.position(0), shape);
  }
}
