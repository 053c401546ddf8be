// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Hands out parameters as constants that share memory with the trained ones, so that evaluation
 * records no gradients. DJL's own switch does not help: PyTorch keeps its gradient mode per thread,
 * and DJL turns it off only on the thread that loaded the engine.
 */
final class ConstantParameters extends ParameterStore {

  private final Map<String, NDArray> constants = new HashMap<>();
  private final NDManager manager;

  ConstantParameters(NDManager manager) {
    super(manager, false);
    this.manager = manager;
  }

  @Override
  public @Nullable NDArray getValue(
      @Nullable Parameter parameter, Device device, boolean training) {
    if (parameter == null) {
      return null; // a layer without bias asks for it nevertheless
    }
    return constants.computeIfAbsent(
        parameter.getId(),
        id -> {
          NDArray constant = parameter.getArray().stopGradient();
          constant.attach(manager);
          return constant;
        });
  }
}
