// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * Measures DJL's {@link Predictor}, one for each caller since it is not thread-safe. The translator
 * normalises and gives the ten outputs; the class is found from them, as all do.
 */
public abstract class DjlBenchmark extends ClassifyBenchmark {

  private Predictor<?, ?> predictor;
  private Load.Contender contender;

  /** Gives DJL one image at a time: {@code predict}, or {@code batchPredict} for a batch. */
  final void startStacking(Load load, Model model) {
    Predictor<byte[], float[]> images = model.newPredictor(new ImageTranslator());
    predictor = images;
    contender =
        load.batch == 1
            ? batch -> new int[] {Pixels.argmax(images.predict(batch.get(0)))}
            : batch -> images.batchPredict(batch).stream().mapToInt(Pixels::argmax).toArray();
    start(load, contender);
  }

  /** Gives DJL the whole batch as one input of {@code predict}. */
  final void startWhole(Load load, Model model) {
    Predictor<List<byte[]>, float[]> batches = model.newPredictor(new BatchTranslator());
    predictor = batches;
    contender =
        batch -> {
          float[] scores = batches.predict(batch);
          int[] classes = new int[batch.size()];
          for (int i = 0; i < classes.length; i++) {
            classes[i] = Pixels.argmax(scores, i);
          }
          return classes;
        };
    start(load, contender);
  }

  final void closePredictor() {
    predictor.close();
  }

  @Benchmark
  public int[] classify() throws Exception {
    return contender.classes(nextBatch());
  }
}
