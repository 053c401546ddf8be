// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Input and output of one call for up to {@code capacity} images: memory that ONNX Runtime uses in
 * place, and the {@link Binding} on it, all reused from call to call. One thread at a time.
 */
final class BatchBuffers implements AutoCloseable {

  private final OnnxModel model;
  private final ImageModel form;
  private final int capacity;
  private final Tensor input;
  private final Tensor output;
  private final Binding all;

  // Views, so that a call makes none; the second is null where the model takes raw pixels.
  private final ByteBuffer bytes;
  private final @Nullable FloatBuffer floats;
  private final FloatBuffer scores;

  /** Input for each grey value, or null where the model takes the grey values themselves. */
  private final float @Nullable [] scale;

  BatchBuffers(OnnxModel model, ImageModel form, float @Nullable [] scale, int capacity) {
    this.model = model;
    this.form = form;
    this.scale = scale;
    this.capacity = capacity;
    DType dtype = model.inputs().get(0).dtype();
    this.input = Tensor.allocate(dtype, capacity, 1, form.rows(), form.columns());
    this.output = Tensor.allocate(DType.FLOAT32, capacity, form.labels().size());
    this.bytes = input.bytes();
    this.floats = scale == null ? null : input.floats();
    this.scores = output.floats();
    this.all = bind(input, output);
  }

  private Binding bind(Tensor in, Tensor out) {
    return model.bind(
        Map.of(model.inputs().get(0).name(), in), Map.of(model.outputs().get(0).name(), out));
  }

  int capacity() {
    return capacity;
  }

  /** Returns the scores of the last call, (capacity, classes). */
  FloatBuffer scores() {
    return scores;
  }

  /** Puts an image of unsigned grey values, from {@code from} on, into a row of the input. */
  void put(int row, byte[] pixels, int from) {
    int size = form.pixels();
    if (floats == null || scale == null) {
      bytes.put(row * size, pixels, from, size);
      return;
    }
    int at = row * size;
    for (int i = 0; i < size; i++) {
      floats.put(at + i, scale[pixels[from + i] & 0xff]);
    }
  }

  /** Does for a buffer, from its index {@code from} on, what {@link #put} does for an array. */
  void put(int row, ByteBuffer pixels, int from) {
    int size = form.pixels();
    if (floats == null || scale == null) {
      bytes.put(row * size, pixels, from, size);
      return;
    }
    int at = row * size;
    for (int i = 0; i < size; i++) {
      floats.put(at + i, scale[pixels.get(from + i) & 0xff]);
    }
  }

  /** Puts an image of grey values from 0 to 1 into a row of the input. */
  void put(int row, float[] pixels) {
    int at = row * form.pixels();
    ImageModel.Scaling scaling = form.scaling();
    if (floats == null || scaling == null) {
      for (int i = 0; i < pixels.length; i++) {
        bytes.put(at + i, (byte) Math.round(pixels[i] * 255));
      }
      return;
    }
    for (int i = 0; i < pixels.length; i++) {
      floats.put(at + i, scaling.of(pixels[i]));
    }
  }

  /**
   * Runs the model on the first rows. Where the file fixes the batch, on all of them, of which the
   * rest hold anything: rows of a batch do not see each other.
   *
   * @throws CoracleException if the model fails
   */
  void run(int rows) {
    if (rows == capacity || form.fixesBatch()) {
      all.run();
      return;
    }
    try (Binding some = bind(input.firstRows(rows), output.firstRows(rows))) {
      some.run();
    }
  }

  @Override
  public void close() {
    all.close();
  }
}
