// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.nio.FloatBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Input and output of one call for up to {@code capacity} images: memory that ONNX Runtime uses in
 * place, and the {@link Binding} to it, all reused from call to call. For one thread at a time.
 */
final class BatchBuffers implements AutoCloseable {

  private final OnnxModel model;
  private final ImageModel form;
  private final int capacity;
  private final ImageInput input;
  private final Tensor output;
  private final Binding all;

  /** The binding of the last call with fewer rows than the capacity: such sizes tend to recur. */
  private @Nullable Binding some;

  private int someRows;

  /** A view kept here, so that no call has to create one. */
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
   * Runs the model on the first rows; where the file fixes the batch, on all rows, whatever the
   * remaining ones hold: the rows of a batch do not affect each other.
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
