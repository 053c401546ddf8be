// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;

/** Translates for DJL one image a time; DJL stacks them to a batch. */
final class ImageTranslator implements Translator<byte[], float[]> {

  @Override
  public NDList processInput(TranslatorContext context, byte[] image) {
    Shape shape = new Shape(1, Pixels.SIZE, Pixels.SIZE);
    return new NDList(context.getNDManager().create(Pixels.flat(image), shape));
  }

  @Override
  public float[] processOutput(TranslatorContext context, NDList output) {
    return output.singletonOrThrow().toFloatArray(); // (10)
  }

  @Override
  public Batchifier getBatchifier() {
    return Batchifier.STACK;
  }
}
