// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.util.List;

/** Translates for DJL a whole batch at a time, so that DJL has nothing to stack. */
final class BatchTranslator implements Translator<List<byte[]>, float[]> {

  @Override
  public NDList processInput(TranslatorContext context, List<byte[]> images) {
    float[] values = new float[images.size() * Pixels.COUNT];
    int at = 0;
    for (byte[] image : images) {
      for (byte pixel : image) {
        values[at++] = Pixels.SCALE[pixel & 0xff];
      }
    }
    Shape shape = new Shape(images.size(), 1, Pixels.SIZE, Pixels.SIZE);
    return new NDList(context.getNDManager().create(values, shape));
  }

  @Override
  public float[] processOutput(TranslatorContext context, NDList output) {
    return output.singletonOrThrow().toFloatArray(); // (N,10)
  }

  @Override
  public Batchifier getBatchifier() {
    return null;
  }
}
