// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A file opened for classification, and the state that its calls share. Each call holds a
 * reference.
 *
 * <p>How a call of many images runs: it is cut into parts of equal size, of which only the last may
 * be smaller, with at most {@value #CPU_PART} images each on the CPU, since larger ones are no
 * faster; the calling thread works on them, as do threads of {@link Workers} if there are
 * processors that no other call uses. The size of the parts depends only on the number of images
 * and of processors, so that the same call gives the same bits however busy the machine is.
 */
final class ClassifierModel {

  /**
   * Images that one thread runs at a time on the CPU; as measured, from 8 on the cost per image is
   * constant.
   */
  private static final int CPU_PART = 32;

  /** The same on a GPU, which runs the images of a part in parallel. */
  private static final int GPU_PART = 256;

  /** Fewest images worth waking up a thread for, which takes tens of microseconds. */
  private static final int LEAST_PART = 4;

  /** Most pixels or scores in a part: bounds the memory of one call for large pictures. */
  private static final int MAX_PART_VALUES = 1 << 22;

  private static final int[] CAPACITIES = {1, 8, 32, 128, 256};

  private final OnnxModel model;
  private final ImageModel form;
  private final Scores scores;
  private final int maxBatch;
  private final int maxPart;
  private final int processors;
  private final float @Nullable [] scale;
  private final BufferPool pool;
  private final References references;

  private ClassifierModel(OnnxModel model, ImageModel form, ModelOptions options) {
    this.model = model;
    this.form = form;
    this.scores = new Scores(model.file(), form.labels(), form.outputKind());
    this.maxBatch = options.maxBatch();
    boolean gpu = options.cudaDevice().isPresent();
    // With several threads per operator, or a GPU, a single call keeps everything busy.
    this.processors = gpu || options.intraOpThreads() != 1 ? 1 : Workers.PROCESSORS;
    this.maxPart =
        form.fixesBatch()
            ? form.batch()
            : Math.max(
                1,
                Math.min(
                    gpu ? GPU_PART : CPU_PART,
                    MAX_PART_VALUES / Math.max(form.pixels(), form.labels().size())));
    this.scale = form.scale();
    this.pool = new BufferPool(capacities(), n -> new BatchBuffers(model, form, scale, n));
    this.references = new References(this::free);
  }

  static ClassifierModel open(Path file, ModelOptions options) {
    ModelFile checked = ModelFile.read(file, options);
    OnnxModel model = OnnxModel.open(checked, options);
    try {
      GraphSignature graph = // with shapes as inferred by ONNX Runtime
          new GraphSignature(model.inputs(), model.outputs(), checked.signature().outputOperator());
      return new ClassifierModel(model, ImageModel.of(file, graph, model.metadata()), options);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  private int[] capacities() {
    if (form.fixesBatch()) {
      return new int[] {form.batch()};
    }
    return IntStream.concat(
            Arrays.stream(CAPACITIES).filter(size -> size < maxPart), IntStream.of(maxPart))
        .toArray();
  }

  OnnxModel model() {
    return model;
  }

  ImageModel form() {
    return form;
  }

  ModelCodec codec() {
    return new ModelCodec(
        model.file(), form, maxBatch, model.inputs().get(0), model.outputs().get(0));
  }

  /** Returns the most images that a call may have. */
  int maxBatch() {
    return maxBatch;
  }

  References references() {
    return references;
  }

  private void free() {
    try {
      pool.close();
    } finally {
      model.close();
    }
  }

  /** Classifies one image that {@link Images} has checked. */
  Prediction classify(Object image) {
    BatchBuffers buffers = pool.take(1);
    Workers.begin();
    try {
      Images.put(buffers.input(), 0, image);
      buffers.run(1);
      return scores.prediction(buffers.scores(), 0);
    } finally {
      Workers.end();
      pool.give(buffers);
    }
  }

  /** Classifies {@code count} images, each checked, in order. */
  List<Prediction> classify(int count, Input input) {
    @Nullable Prediction[] predictions = new Prediction[count];
    run(
        count,
        input,
        (buffers, row, image) -> predictions[image] = scores.prediction(buffers.scores(), row));
    return List.of(predictions);
  }

  /** Returns the log-probabilities of {@code count} images, (count, classes). */
  float[] logProbabilities(int count, Input input) {
    int classes = form.labels().size();
    float[] result = new float[Math.multiplyExact(count, classes)];
    run(
        count,
        input,
        (buffers, row, image) ->
            scores.logProbabilities(buffers.scores(), row, result, image * classes));
    return result;
  }

  /** Returns the model's output for {@code count} images, (count, classes). */
  float[] scores(int count, Input input) {
    int classes = form.labels().size();
    float[] result = new float[Math.multiplyExact(count, classes)];
    run(
        count,
        input,
        (buffers, row, image) ->
            buffers.scores().get(row * classes, result, image * classes, classes));
    return result;
  }

  /** Puts image number {@code image} of a call into a row of a part's input tensor. */
  interface Input {
    void put(ImageInput target, int row, int image);
  }

  private interface Output {
    void take(BatchBuffers buffers, int row, int image);
  }

  private void run(int count, Input input, Output output) {
    int part = part(count);
    Workers.share(
        ceil(count, part),
        processors,
        i -> {
          int first = i * part;
          int images = Math.min(part, count - first);
          BatchBuffers buffers = pool.take(images);
          try {
            for (int row = 0; row < images; row++) {
              input.put(buffers.input(), row, first + row);
            }
            buffers.run(images);
            for (int row = 0; row < images; row++) {
              output.take(buffers, row, first + row);
            }
          } finally {
            pool.give(buffers);
          }
        });
  }

  /** Returns the size of the parts of a call: the last one may be smaller. */
  private int part(int count) {
    if (form.fixesBatch()) {
      return form.batch();
    }
    int rounds = ceil(count, processors * maxPart);
    return Math.min(maxPart, Math.max(LEAST_PART, ceil(count, processors * rounds)));
  }

  /** Divides positive numbers, rounding up; their sum may be more than an int holds. */
  private static int ceil(int dividend, int divisor) {
    return (dividend - 1) / divisor + 1;
  }
}
