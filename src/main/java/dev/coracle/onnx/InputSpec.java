// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * An input of the graph.
 *
 * @param axes names of the dynamic axes, whose sizes in the shape do not matter
 */
record InputSpec(String name, Shape shape, DataType type, Map<Integer, String> axes) {

  InputSpec {
    axes = new TreeMap<>(axes); // a copy that is changed while the exporter is set up
  }

  Shape at(Map<String, Long> sizes) {
    long[] dims = shape.getShape().clone();
    axes.forEach(
        (axis, axisName) -> dims[axis] = Objects.requireNonNull(sizes.get(axisName), axisName));
    return new Shape(dims);
  }

  /** Checks that an array may be given as this input. */
  void requireFits(NDArray array) {
    boolean fits = array.getDataType() == type && array.getShape().dimension() == shape.dimension();
    for (int axis = 0; fits && axis < shape.dimension(); axis++) {
      fits = axes.containsKey(axis) || array.getShape().get(axis) == shape.get(axis);
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "example %s %s for input '%s'; expected %s %s, any size in axes %s"
              .formatted(array.getShape(), array.getDataType(), name, shape, type, axes));
    }
  }

  /** Checks that each axis has either a name or a size. */
  void requireSizes() {
    for (int axis = 0; axis < shape.dimension(); axis++) {
      if (!axes.containsKey(axis) && shape.get(axis) < 1) {
        throw new IllegalArgumentException(
            "input '%s' has shape %s; expected sizes of 1 or more in all axes but the dynamic ones, %s"
                .formatted(name, shape, axes));
      }
    }
  }
}
