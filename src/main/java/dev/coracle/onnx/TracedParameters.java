// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Hands out the stand-ins of a block's parameters, for each parameter always the same one. */
final class TracedParameters extends ParameterStore {

  private final Tracer tracer;
  private final Map<String, TracedArray> standIns = new HashMap<>();
  private final Map<String, String> names = new HashMap<>();
  private final IdentityHashMap<NDArray, Parameter> arrays = new IdentityHashMap<>();
  private String last = "";

  TracedParameters(Tracer tracer, NDManager manager, Block block) {
    super(manager, false);
    this.tracer = tracer;
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      names.putIfAbsent(parameter.getValue().getId(), parameter.getKey());
      arrays.put(parameter.getValue().getArray(), parameter.getValue());
    }
  }

  @Override
  public @Nullable NDArray getValue(
      @Nullable Parameter parameter, Device device, boolean training) {
    // A layer without bias asks for it nevertheless.
    return parameter == null ? null : standIn(parameter);
  }

  /** Returns the stand-in of a parameter that was read without the store; null for other arrays. */
  @Nullable TracedArray standIn(NDArray array) {
    Parameter parameter = arrays.get(array);
    return parameter == null ? null : standIn(parameter);
  }

  private TracedArray standIn(Parameter parameter) {
    last = names.getOrDefault(parameter.getId(), parameter.getName());
    return standIns.computeIfAbsent(
        parameter.getId(),
        id -> {
          String name = names.get(id);
          if (name == null) {
            throw tracer.refuse(
                "parameter %s is used but not listed by getParameters() of the block; register its block with addChildBlock"
                    .formatted(parameter.getName()));
          }
          // A handle to the same memory: it records no gradients and is closed with the trace.
          return tracer.parameter(name, parameter.getArray().stopGradient());
        });
  }

  /** Returns the path of the parameter that was requested last, or "". */
  String last() {
    return last;
  }
}
