// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import dev.coracle.ModelMetadata;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
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
 * <h2>Images</h2>
 *
 * An image is {@code rows * columns} grey values, row by row from the top left, 0 for the
 * background:
 *
 * <ul>
 *   <li>{@code byte[]}: unsigned, 0 to 255;
 *   <li>{@link ByteBuffer}: the same, from position to limit; neither moves;
 *   <li>{@code float[]}: from 0 to 1, that is the byte divided by 255, not yet normalised;
 *   <li>{@link EncodedImage}: already in the form that the model's input takes; in lists only;
 *   <li>{@link BufferedImage}: any size and colours; {@link #pixels} says how it is fitted. Only
 *       this kind needs the module java.desktop at run time; the compiler asks a module that calls
 *       this class for it in any case.
 * </ul>
 *
 * <p>The file's metadata (see {@link ModelMetadata}) says how images are scaled for the model, and
 * what its output means. An image that does not have this form is refused with an {@link
 * InvalidInputException}.
 *
 * <h2>Threads</h2>
 *
 * One image is classified on the calling thread; concurrent calls use a processor each. A call with
 * more than four images (where the file fixes the batch: with more than one batch) is also shared
 * out to processors on which no call of any classifier runs; {@link
 * ModelOptions.Builder#intraOpThreads} other than 1 leaves parallelism to ONNX Runtime. Sharing out
 * does not change results: the same call gives the same bits on the same machine. The last bits of
 * a float may depend on how many images a call has.
 *
 * <p>The native memory of a call is kept for later ones, as much as concurrent calls have needed at
 * the same time.
 */
public abstract sealed class Classifier implements AutoCloseable
    permits ReloadableClassifier, Classifier.OfFile {

  Classifier() {}

  /** Opens a file with {@link ModelOptions#DEFAULTS}. */
  public static Classifier open(Path file) {
    return open(file, ModelOptions.DEFAULTS);
  }

  /**
   * Opens a file whose input is (batch, 1, rows, columns), float32 or uint8, and whose output is
   * (batch, classes) float32, under any names. Where the file fixes the batch, calls with more
   * images are split and calls with fewer are padded. See {@link OnnxModel} for other models and
   * for use together with DJL.
   *
   * @throws InvalidModelException if the file is missing, damaged, not such a model, has malformed
   *     metadata, or is refused by the options
   * @throws CoracleException if the file is unreadable, or ONNX Runtime does not start
   */
  public static Classifier open(Path file, ModelOptions options) {
    return new OfFile(ClassifierModel.open(file, options));
  }

  /** Returns the model after taking a reference to it, which the caller releases. */
  abstract ClassifierModel lease();

  /** Returns the model without taking a reference, for data that stay valid after it is closed. */
  abstract ClassifierModel current();

  /** Returns the names of the classes, in the order of the probabilities; unmodifiable. */
  public List<String> labels() {
    return current().form().labels();
  }

  /**
   * Returns the codec that turns images into the input of the model in use, and its output into
   * predictions; it stays valid after {@link #close}.
   */
  public ModelCodec codec() {
    return current().codec();
  }

  /** Returns the file's metadata, including the entries of {@link ModelMetadata}; unmodifiable. */
  public Map<String, String> metadata() {
    return current().model().metadata();
  }

  public int rows() {
    return current().form().rows();
  }

  public int columns() {
    return current().form().columns();
  }

  /**
   * Classifies one image.
   *
   * @throws InvalidInputException if the image does not have {@code rows * columns} bytes or is
   *     null
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails or its output is not a number
   */
  public Prediction classify(byte[] pixels) {
    return one(pixels);
  }

  /** Does for values from 0 to 1 what {@link #classify(byte[])} does for bytes. */
  public Prediction classify(float[] pixels) {
    return one(pixels);
  }

  /** Does for a buffer's bytes what {@link #classify(byte[])} does for an array's. */
  public Prediction classify(ByteBuffer pixels) {
    return one(pixels);
  }

  /**
   * Classifies the {@link #pixels} of a picture.
   *
   * @throws InvalidInputException as {@link #pixels} does
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails or its output is not a number
   */
  public Prediction classify(BufferedImage picture) {
    return one(picture);
  }

  /**
   * Classifies images, in order, each of any of the kinds above, in one call, which is faster than
   * a call for each.
   *
   * @throws InvalidInputException if there is no image, if there are more than {@link
   *     ModelOptions.Builder#maxBatch}, or if one of them does not have the form above
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails or its output is not a number
   */
  public List<Prediction> classify(List<?> images) {
    return with(model -> classify(model, Images.of(model.form(), images, model.maxBatch())));
  }

  /**
   * Does what {@link #classify(byte[])} does, on one of Coracle's threads, of which there are as
   * many as processors. The image must not change until the future is done. Every failure is
   * reported through the future. If that is cancelled before its turn, the model is not run; calls
   * queued when the classifier is closed still run. The queue has no limit. Dependents of the
   * future may block: they run on threads that Coracle starts as needed.
   */
  public CompletableFuture<Prediction> classifyAsync(byte[] pixels) {
    return oneAsync(pixels);
  }

  /** Does for values from 0 to 1 what {@link #classifyAsync(byte[])} does for bytes. */
  public CompletableFuture<Prediction> classifyAsync(float[] pixels) {
    return oneAsync(pixels);
  }

  /** Does for a buffer's bytes what {@link #classifyAsync(byte[])} does for an array's. */
  public CompletableFuture<Prediction> classifyAsync(ByteBuffer pixels) {
    return oneAsync(pixels == null ? null : pixels.duplicate()); // the caller may move its position
  }

  /** Does for a picture, converted on that thread too, what the others do for grey values. */
  public CompletableFuture<Prediction> classifyAsync(BufferedImage picture) {
    return oneAsync(picture);
  }

  /** Does for the images of {@link #classify(List)} what the others do for one. */
  public CompletableFuture<List<Prediction>> classifyAsync(List<?> images) {
    return async(model -> classify(model, Images.of(model.form(), images, model.maxBatch())));
  }

  /**
   * Returns the grey values that {@link #classify(BufferedImage)} sees. Colours become grey by the
   * luma weights of ITU-R BT.601; where the picture is transparent, a white page shows through.
   * Then:
   *
   * <ul>
   *   <li>A picture of {@code rows} by {@code columns} is taken pixel by pixel, and inverted if its
   *       background, the median of the border, is light.
   *   <li>A picture of another size is treated as MNIST's digits were: what differs from the
   *       background is the ink, stretched to 255; the picture is cropped to it, fitted into the
   *       middle 20/28 of the side with its proportions kept, and centred by its mass.
   * </ul>
   *
   * @throws InvalidInputException if the picture is null; or if it is of another size and has no
   *     ink, or the model's images are not square
   */
  public byte[] pixels(BufferedImage picture) {
    ImageModel form = current().form();
    return Images.pixels(form, picture);
  }

  /** Does for an array what {@link #logProbabilities(ByteBuffer, int)} does for a buffer. */
  public float[] logProbabilities(byte[] pixels, int count) {
    return logs(pixels == null ? null : ByteBuffer.wrap(pixels), count);
  }

  /**
   * Returns the natural logarithms of the probabilities, {@code count * classes} floats, image
   * after image. Meant for whole data sets: a call needs little more memory than its result.
   *
   * @param pixels {@code count} images one after another, from position to limit; neither moves
   * @throws InvalidInputException if the buffer does not have {@code count * rows * columns} bytes,
   *     or {@code count} is not from 1 to {@link ModelOptions.Builder#maxBatch}
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails or its output is not a number
   */
  public float[] logProbabilities(ByteBuffer pixels, int count) {
    return logs(pixels, count);
  }

  /**
   * Runs the model on images, in order, each of any of the kinds above, and returns its output
   * unchanged: {@code images * classes} logits, log-probabilities or probabilities, image after
   * image. {@link ModelCodec#decode} turns them into predictions.
   *
   * @throws InvalidInputException as {@link #classify(List)} does
   * @throws IllegalStateException after {@link #close}
   * @throws CoracleException if the model fails
   */
  public float[] scores(List<?> images) {
    return with(
        model -> {
          List<Object> checked = Images.of(model.form(), images, model.maxBatch());
          return model.scores(
              checked.size(), (target, row, image) -> Images.put(target, row, checked.get(image)));
        });
  }

  private float[] logs(@Nullable ByteBuffer pixels, int count) {
    return with(
        model -> {
          ByteBuffer checked = Images.checked(model.form(), pixels, count, model.maxBatch());
          int size = model.form().pixels();
          int from = checked.position();
          return model.logProbabilities(
              count, (target, row, image) -> target.put(row, checked, from + image * size));
        });
  }

  /**
   * Refuses new calls and lets those under way finish, the last of which frees the native memory; a
   * second call does nothing.
   */
  @Override
  public abstract void close();

  private Prediction one(@Nullable Object image) {
    ClassifierModel model = lease();
    try {
      return model.classify(Images.one(model.form(), image));
    } finally {
      model.references().release();
    }
  }

  private CompletableFuture<Prediction> oneAsync(@Nullable Object image) {
    return async(model -> model.classify(Images.one(model.form(), image)));
  }

  private static List<Prediction> classify(ClassifierModel model, List<Object> images) {
    return model.classify(
        images.size(), (target, row, image) -> Images.put(target, row, images.get(image)));
  }

  private <T> T with(Function<ClassifierModel, T> call) {
    ClassifierModel model = lease();
    try {
      return call.apply(model);
    } finally {
      model.references().release();
    }
  }

  private <T> CompletableFuture<T> async(Function<ClassifierModel, T> call) {
    ClassifierModel model;
    try {
      model = lease();
    } catch (IllegalStateException e) {
      return CompletableFuture.failedFuture(e);
    }
    return Workers.submit(() -> call.apply(model), model.references()::release);
  }

  /** A classifier that keeps the file it was opened with. */
  static final class OfFile extends Classifier {

    private final ClassifierModel model;

    private OfFile(ClassifierModel model) {
      this.model = model;
    }

    @Override
    ClassifierModel lease() {
      if (!model.references().acquire()) {
        throw new IllegalStateException(
            model.model().file() + " is closed; open it again to classify");
      }
      return model;
    }

    @Override
    ClassifierModel current() {
      return model;
    }

    @Override
    public void close() {
      model.references().close();
    }
  }
}
