// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.awt.image.BufferedImage;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Does for other runtimes what {@link Classifier} does around ONNX Runtime: turns images into a
 * model's input, and the output into predictions. Needs no native library. Thread-safe; nothing to
 * close.
 *
 * <pre>{@code
 * ModelCodec codec = ModelCodec.read(Path.of("mnist.onnx"));
 * Tensor x = codec.encode(images);
 * FloatBuffer y = ...; // what the runtime answers
 * List<Prediction> predictions = codec.decode(y, images.size());
 * }</pre>
 */
public final class ModelCodec {

  private final ImageModel form;
  private final Scores scores;
  private final float @Nullable [] scale;
  private final int maxBatch;
  private final TensorSpec input;
  private final TensorSpec output;

  ModelCodec(Path file, ImageModel form, int maxBatch, TensorSpec input, TensorSpec output) {
    this.form = form;
    this.scores = new Scores(file, form.labels(), form.outputKind());
    this.scale = form.scale();
    this.maxBatch = maxBatch;
    this.input = input;
    this.output = output;
  }

  /** Reads a file with {@link ModelOptions#DEFAULTS}. */
  public static ModelCodec read(Path file) {
    return read(file, ModelOptions.DEFAULTS);
  }

  /**
   * Reads the same from a file as {@link Classifier#open(Path, ModelOptions)}, and refuses the same
   * files. The output must also declare a shape. Of the options, only {@link
   * ModelOptions.Builder#maxBatch} and those that concern the file have an effect.
   *
   * @throws InvalidModelException if the file is missing, damaged, not an image classifier, has
   *     malformed metadata, or is refused by the options
   * @throws CoracleException if the file is unreadable
   */
  public static ModelCodec read(Path file, ModelOptions options) {
    ModelFile model = ModelFile.read(file, options);
    ImageModel form = ImageModel.of(file, model.signature(), model.metadata());
    GraphSignature graph = model.signature();
    return new ModelCodec(
        file, form, options.maxBatch(), graph.inputs().get(0), graph.outputs().get(0));
  }

  /** Returns the names of the classes, in the order of the probabilities; unmodifiable. */
  public List<String> labels() {
    return form.labels();
  }

  public int rows() {
    return form.rows();
  }

  public int columns() {
    return form.columns();
  }

  /** Describes the model's input, (batch, 1, rows, columns), float32 or uint8. */
  public TensorSpec input() {
    return input;
  }

  /** Describes the model's output, (batch, classes) float32. */
  public TensorSpec output() {
    return output;
  }

  /** Returns the maximum number of images in a call, {@link ModelOptions.Builder#maxBatch}. */
  public int maxBatch() {
    return maxBatch;
  }

  /** Does what {@link Classifier#pixels} does. */
  public byte[] pixels(BufferedImage picture) {
    return Images.pixels(form, picture);
  }

  /**
   * Checks images as {@link #encode} and {@link Classifier#classify(List)} do.
   *
   * @throws InvalidInputException if there is no image, if there are more than {@link
   *     ModelOptions.Builder#maxBatch}, or if one does not have the form that {@link Classifier}
   *     takes
   */
  public void check(List<?> images) {
    Images.of(form, images, maxBatch);
  }

  /**
   * Makes the model's input, (images, 1, rows, columns). Where the file fixes the batch, the first
   * axis has that size, and the rows that are left over are zeros.
   *
   * @param images each of any kind that {@link Classifier} takes
   * @throws InvalidInputException if there is no image, if there are more than {@link
   *     ModelOptions.Builder#maxBatch} or than the file's batch, or if one does not have the form
   *     that {@link Classifier} takes
   */
  public Tensor encode(List<?> images) {
    List<Object> checked = Images.of(form, images, maxBatch);
    int rows = checked.size();
    if (form.fixesBatch()) {
      Images.checkCount(rows, form.batch(), "the file fixes the batch");
      rows = form.batch();
    }
    ImageInput input = new ImageInput(form, scale, rows);
    for (int row = 0; row < checked.size(); row++) {
      Images.put(input, row, checked.get(row));
    }
    return input.tensor();
  }

  /**
   * Makes predictions of the model's output, (images, classes) row-major.
   *
   * @param output from position to limit; neither moves
   * @param images how many of the output's rows count, from the first on
   * @throws InvalidInputException if the output holds no whole rows, or fewer than {@code images}
   * @throws CoracleException if a score is not a number
   */
  public List<Prediction> decode(FloatBuffer output, int images) {
    int classes = form.labels().size();
    if (images < 0 || output.remaining() % classes != 0 || output.remaining() / classes < images) {
      throw new InvalidInputException(
          "expected the scores of %d images and %d classes, got %d floats"
              .formatted(images, classes, output.remaining()));
    }
    FloatBuffer rows = output.slice();
    List<Prediction> predictions = new ArrayList<>(images);
    for (int row = 0; row < images; row++) {
      predictions.add(scores.prediction(rows, row));
    }
    return predictions;
  }
}
