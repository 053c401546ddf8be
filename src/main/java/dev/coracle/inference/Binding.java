// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxTensor;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * Runs a model again and again on the same tensors: fill the inputs, {@link #run}, read the
 * outputs. Nothing is copied, and ONNX Runtime allocates next to nothing. For one thread at a time:
 * calls from several threads wait for each other, but share the tensors.
 *
 * <pre>{@code
 * Tensor x = Tensor.allocate(DType.FLOAT32, 1, 1, 28, 28);
 * Tensor y = Tensor.allocate(DType.FLOAT32, 1, 10);
 * try (Binding binding = model.bind(Map.of("input_0", x), Map.of("output_0", y))) {
 *   x.floats().put(pixels);
 *   binding.run();
 *   y.floats().get(scores);
 * }
 * }</pre>
 */
public final class Binding implements AutoCloseable {

  private final OnnxModel model;

  private final Map<String, OnnxTensor> inputs;
  private final Map<String, OnnxTensor> outputs;

  /** Inputs whose bytes are checked in each run; most models have none. */
  private final Map<TensorSpec, Tensor> booleans;

  private boolean closed;

  Binding(
      OnnxModel model,
      Map<String, OnnxTensor> inputs,
      Map<String, OnnxTensor> outputs,
      Map<TensorSpec, Tensor> booleans) {
    this.booleans = booleans;
    this.model = model;
    this.inputs = new ReusedMap(inputs);
    this.outputs = new ReusedMap(outputs);
  }

  /**
   * Runs the model on the current content of the inputs and writes the results to the outputs.
   *
   * @throws InvalidInputException if a boolean input has bytes other than 0 and 1
   * @throws IllegalStateException after {@link #close} of this or of the model
   * @throws dev.coracle.CoracleException if the model fails, or an output's shape is not that of
   *     its tensor
   */
  public synchronized void run() {
    if (closed) {
      throw new IllegalStateException("this binding is closed; bind the model again");
    }
    if (!booleans.isEmpty()) {
      booleans.forEach(model::checkBooleans);
    }
    model.run(inputs, outputs);
  }

  /** Frees the tensors' native handles, but not their values; a second call does nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      inputs.values().forEach(OnnxTensor::close);
      outputs.values().forEach(OnnxTensor::close);
    }
  }

  /**
   * A map whose iteration, which ONNX Runtime does in every call, allocates nothing: its only
   * iterator starts over. For one thread at a time.
   */
  private static final class ReusedMap extends AbstractMap<String, OnnxTensor> {

    private final Entries entries;

    ReusedMap(Map<String, OnnxTensor> tensors) {
      this.entries = new Entries(List.copyOf(tensors.entrySet()));
    }

    @Override
    public Set<Map.Entry<String, OnnxTensor>> entrySet() {
      return entries;
    }
  }

  private static final class Entries extends AbstractSet<Map.Entry<String, OnnxTensor>> {

    private final List<Map.Entry<String, OnnxTensor>> all;
    private final Again again = new Again();

    Entries(List<Map.Entry<String, OnnxTensor>> all) {
      this.all = all;
    }

    @Override
    public int size() {
      return all.size();
    }

    @Override
    public Iterator<Map.Entry<String, OnnxTensor>> iterator() {
      again.next = 0;
      return again;
    }

    private final class Again implements Iterator<Map.Entry<String, OnnxTensor>> {

      private int next;

      @Override
      public boolean hasNext() {
        return next < all.size();
      }

      @Override
      public Map.Entry<String, OnnxTensor> next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return all.get(next++);
      }
    }
  }
}
