// SPDX-License-Identifier: Apache-2.0
package dev.coracle.djl;

import ai.djl.engine.Engine;
import ai.djl.modality.Classifications;
import ai.djl.modality.cv.Image;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.coracle.CoracleException;
import dev.coracle.LargeStack;
import dev.coracle.inference.DType;
import dev.coracle.inference.InvalidModelException;
import dev.coracle.inference.ModelCodec;
import dev.coracle.inference.ModelOptions;
import dev.coracle.inference.Prediction;
import dev.coracle.inference.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Makes DJL's {@code OnnxRuntime} engine give the same answers as {@link
 * dev.coracle.inference.Classifier} on the same file, whose metadata say how images become the
 * input and what the output means. Thread-safe.
 *
 * <pre>{@code
 * Path file = Path.of("mnist.onnx");
 * Criteria<Image, Classifications> criteria =
 *     Criteria.builder()
 *         .setTypes(Image.class, Classifications.class)
 *         .optEngine("OnnxRuntime")
 *         .optModelPath(file)
 *         .optTranslator(new ClassifierTranslator<>(file))
 *         .optOption("intraOpNumThreads", "1") // if several threads predict at the same time
 *         .build();
 * try (ZooModel<Image, Classifications> model = criteria.loadModel();
 *     Predictor<Image, Classifications> predictor = model.newPredictor()) {
 *   Classifications.Classification best = predictor.predict(image).best(); // 7, 0.999
 * }
 * }</pre>
 *
 * <p>A batch, {@code predictor.batchPredict(images)}, is one call of the model. An image that the
 * model does not take is a TranslateException, whose cause says what was expected.
 *
 * <p>ONNX Runtime has one environment per process, and DJL's engine insists on creating it: the
 * first translator starts the engine, so make one before opening the first model with Coracle's own
 * classes, which then share the environment.
 *
 * <p>By default DJL uses a thread for each core, which keep spinning between calls; and each thread
 * of the application needs a predictor of its own. With Classifier, neither is a concern.
 *
 * @param <I> what a predictor takes: {@link Image}, from DJL's BufferedImageFactory (the default),
 *     or a kind of image that Classifier takes, such as {@code byte[]}
 */
public final class ClassifierTranslator<I> implements Translator<I, Classifications> {

  /** Key under which a call stores its number of images. */
  private static final String IMAGES = "coracle.images";

  private final ModelCodec codec;

  /** Reads a file with {@link ModelOptions#DEFAULTS}. */
  public ClassifierTranslator(Path file) {
    this(file, ModelOptions.DEFAULTS);
  }

  /**
   * Reads a file as {@link ModelCodec#read(Path, ModelOptions)} does, and starts DJL's engine.
   *
   * @throws InvalidModelException if the file is missing, damaged, not an image classifier, or
   *     refused by the options
   * @throws CoracleException if the file is unreadable, or the engine does not start
   */
  public ClassifierTranslator(Path file, ModelOptions options) {
    this.codec = ModelCodec.read(file, options);
    try {
      LargeStack.call(() -> Engine.getEngine("OnnxRuntime"));
    } catch (RuntimeException | LinkageError e) {
      throw new CoracleException(
          "DJL's OnnxRuntime engine does not start (%s); add ai.djl.onnxruntime:onnxruntime-engine, and make the translator before Coracle opens a model, as that starts ONNX Runtime another way"
              .formatted(e.getCause() == null ? e : e.getCause()),
          e);
    }
  }

  /** Makes one array for all images: to stack them, DJL would need a second engine. */
  @Override
  public NDList batchProcessInput(TranslatorContext context, List<I> images) {
    context.setAttachment(IMAGES, images.size());
    Tensor input = encode(images);
    return array(context, input, input.bytes(), input.shape());
  }

  @Override
  public List<Classifications> batchProcessOutput(TranslatorContext context, NDList output) {
    return decode(output, (int) context.getAttachment(IMAGES));
  }

  /** Makes the array of one image, (1, rows, columns), for callers that stack them themselves. */
  @Override
  public NDList processInput(TranslatorContext context, I image) {
    Tensor input = encode(Collections.singletonList(image));
    long[] shape = input.shape();
    ByteBuffer first = input.bytes();
    first.limit(first.limit() / (int) shape[0]);
    return array(context, input, first, Arrays.copyOfRange(shape, 1, shape.length));
  }

  @Override
  public Classifications processOutput(TranslatorContext context, NDList output) {
    return decode(output, 1).get(0);
  }

  private Tensor encode(List<I> images) {
    List<Object> wrapped = new ArrayList<>(images.size());
    for (I image : images) {
      wrapped.add(image instanceof Image djl ? djl.getWrappedImage() : image);
    }
    return codec.encode(wrapped);
  }

  private static NDList array(
      TranslatorContext context, Tensor input, ByteBuffer values, long[] shape) {
    DataType type = input.dtype() == DType.UINT8 ? DataType.UINT8 : DataType.FLOAT32;
    return new NDList(context.getNDManager().create(values, new Shape(shape), type));
  }

  private List<Classifications> decode(NDList output, int images) {
    FloatBuffer scores = FloatBuffer.wrap(output.singletonOrThrow().toFloatArray());
    List<Classifications> answers = new ArrayList<>(images);
    for (Prediction prediction : codec.decode(scores, images)) {
      List<Double> probabilities = new ArrayList<>();
      for (float probability : prediction.probabilities()) {
        probabilities.add((double) probability);
      }
      answers.add(new Classifications(codec.labels(), probabilities));
    }
    return answers;
  }
}
