// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
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
  private final ImageInput input;
  private final Tensor output;
  private final Binding all;

  /** On fewer rows, those of the last such call: parts of one size tend to come again. */
  private @Nullable Binding some;

  private int someRows;

  /** A view, so that a call makes none. */
  private final FloatBuffer scores;

  BatchBuffers(OnnxModel model, ImageModel form, float @Nullable [] scale, int capacity) {
    this.model = model;
    this.form = form;
    this.capacity = capacity;
    this.input = new ImageInput(form, scale, capacity);
    this.output = Tensor.allocate(DType.FLOAT32, capacity, form.labels().size());
    this.scores = output.floats();
    this.all = bind(input.tensor(), output);
  }

  private Binding bind(Tensor in, Tensor out) {
    return model.bind(
        Map.of(model.inputs().get(0).name(), in), Map.of(model.outputs().get(0).name(), out));
  }

  int capacity() {
    return capacity;
  }

  /** Returns the input, to be filled before a call. */
  ImageInput input() {
    return input;
  }

  /** Returns the scores of the last call, (capacity, classes). */
  FloatBuffer scores() {
    return scores;
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
    if (some == null || someRows != rows) {
      closeSome();
      some = bind(input.tensor().firstRows(rows), output.firstRows(rows));
      someRows = rows;
    }
    some.run();
  }

  private void closeSome() {
    if (some != null) {
      some.close();
      some = null;
    }
  }

  @Override
  public void close() {
    closeSome();
    all.close();
  }
}
