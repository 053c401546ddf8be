// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxTensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Runs a model again and again on the same tensors: fill the inputs, {@link #run}, read the
 * outputs. Nothing is copied, and ONNX Runtime allocates next to nothing. One thread at a time:
 * calls from several wait for each other, and share the tensors.
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

  // A map of one entry that keeps its entry set: ONNX Runtime asks for it on every call.
  private final Map<String, OnnxTensor> inputs;
  private final Map<String, OnnxTensor> outputs;
  private boolean closed;

  Binding(OnnxModel model, Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {
    this.model = model;
    this.inputs = reused(inputs);
    this.outputs = reused(outputs);
  }

  private static Map<String, OnnxTensor> reused(Map<String, OnnxTensor> tensors) {
    if (tensors.size() == 1) {
      Map.Entry<String, OnnxTensor> only = tensors.entrySet().iterator().next();
      return Collections.singletonMap(only.getKey(), only.getValue());
    }
    return new LinkedHashMap<>(tensors);
  }

  /**
   * Runs the model on what the inputs hold and leaves its answer in the outputs.
   *
   * @throws IllegalStateException after {@link #close} of this or of the model
   * @throws dev.coracle.CoracleException if the model fails, or gives an output another shape than
   *     the tensor's
   */
  public synchronized void run() {
    if (closed) {
      throw new IllegalStateException("this binding is closed; bind the model again");
    }
    model.run(inputs, outputs);
  }

  /** Frees the native side of the tensors, whose values stay; a second call does nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      inputs.values().forEach(OnnxTensor::close);
      outputs.values().forEach(OnnxTensor::close);
    }
  }
}
