// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.ParameterList;
import ai.djl.util.Pair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Holds the running means of an optimizer where a checkpoint can reach them.
 *
 * <p>How it works: DJL's optimizers keep their arrays in private maps, one per kind (Adam: means,
 * then variances), but fetch every array through one overridable method. {@link Optimizers} routes
 * that method through {@link #initial}: the kinds are numbered in the order in which they are
 * requested, and an array is known as {@code <kind>/<parameter name>}. Restored arrays are handed
 * out in place of the zeros that the optimizer would start from.
 *
 * <p>DJL detaches every array that an optimizer has requested from its manager, so this class owns
 * and closes it.
 */
final class OptimizerState implements AutoCloseable {

  private final Map<String, String> nameOfId = new HashMap<>();
  private final Map<String, Shape> shapeOfName = new LinkedHashMap<>();
  private final List<Map<String, Map<Device, NDArray>>> kinds = new ArrayList<>();
  private final Map<String, NDArray> arrays = new TreeMap<>();
  private final Map<String, NDArray> restored = new HashMap<>();

  OptimizerState(ParameterList parameters) {
    for (var parameter : parameters) {
      nameOfId.put(parameter.getValue().getId(), parameter.getKey());
      shapeOfName.put(parameter.getKey(), parameter.getValue().getArray().getShape());
    }
  }

  /** Returns the array that an optimizer starts from: the restored one, else {@code zeros}. */
  NDArray initial(
      Map<String, Map<Device, NDArray>> kind, String parameterId, Function<String, NDArray> zeros) {
    int index = indexOf(kind);
    String name = index + "/" + nameOfId.getOrDefault(parameterId, parameterId);
    @Nullable NDArray array = restored.remove(name);
    if (array == null) {
      array = zeros.apply(parameterId);
    }
    arrays.put(name, array);
    return array;
  }

  /** Compares maps by identity: an empty map equals every other empty map. */
  private int indexOf(Map<String, Map<Device, NDArray>> kind) {
    for (int i = 0; i < kinds.size(); i++) {
      if (kinds.get(i) == kind) {
        return i;
      }
    }
    kinds.add(kind);
    return kinds.size() - 1;
  }

  /** Returns the names and shapes of the arrays of an optimizer with that many kinds. */
  Map<String, Shape> shapes(int kindCount) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (int kind = 0; kind < kindCount; kind++) {
      for (Map.Entry<String, Shape> parameter : shapeOfName.entrySet()) {
        shapes.put(kind + "/" + parameter.getKey(), parameter.getValue());
      }
    }
    return shapes;
  }

  /** Sets an array that {@link #initial} hands out; until then it stays with its manager. */
  void restore(String name, NDArray array) {
    restored.put(name, array);
  }

  /** Returns the arrays with their names, in the order of the names; they stay owned here. */
  List<Pair<String, NDArray>> arrays() {
    return arrays.entrySet().stream().map(e -> new Pair<>(e.getKey(), e.getValue())).toList();
  }

  @Override
  public void close() {
    arrays.values().forEach(NDArray::close);
    arrays.clear();
    restored.clear();
  }
}
