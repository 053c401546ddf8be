// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.TranslateException;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import dev.coracle.net.Net;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Measures DJL's {@link Predictor}, one for each caller since it is not thread-safe: {@code
 * predict} for a batch of 1, {@code batchPredict} for a larger one. The translator normalises and
 * gives the ten outputs; the class is found from them, as all do.
 */
public abstract class DjlBenchmark extends ClassifyBenchmark {

  private Predictor<byte[], float[]> predictor;
  private boolean single;

  /** Takes over the caller's predictor, which {@link #close} closes. */
  final void start(Load load, Predictor<byte[], float[]> predictor) {
    this.predictor = predictor;
    single = load.batch == 1;
    start(load, this::classes);
  }

  final void close() {
    predictor.close();
  }

  @Benchmark
  public int[] classify() throws TranslateException {
    return classes(nextBatch());
  }

  private int[] classes(List<byte[]> images) throws TranslateException {
    if (single) {
      return new int[] {Pixels.argmax(predictor.predict(images.get(0)))};
    }
    List<float[]> scores = predictor.batchPredict(images);
    int[] classes = new int[scores.size()];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = Pixels.argmax(scores.get(i));
    }
    return classes;
  }

  /** Turns 784 grey values into (1,28,28), and (10) into an array. */
  static final class ImageTranslator implements Translator<byte[], float[]> {

    @Override
    public NDList processInput(TranslatorContext context, byte[] image) {
      return new NDList(
          context.getNDManager().create(Pixels.flat(image), new Shape(1, Net.SIZE, Net.SIZE)));
    }

    @Override
    public float[] processOutput(TranslatorContext context, NDList output) {
      return output.singletonOrThrow().toFloatArray();
    }

    @Override
    public Batchifier getBatchifier() {
      return Batchifier.STACK;
    }
  }
}
