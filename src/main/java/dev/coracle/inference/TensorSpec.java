// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.List;
import java.util.stream.Collectors;

/**
 * Describes an input or output of a model as the file declares it.
 *
 * @param shape size of each axis; {@value #DYNAMIC} where each call may choose it; empty for a
 *     scalar, and for an output of unknown rank
 */
public record TensorSpec(String name, DType dtype, List<Long> shape) {

  /** Size of an axis that the file leaves open, such as the batch. */
  public static final long DYNAMIC = -1;

  public TensorSpec {
    shape = List.copyOf(shape);
  }

  /** Tells whether a tensor of this shape fits: same rank, same size on each axis not left open. */
  boolean accepts(long... sizes) {
    if (sizes.length != shape.size()) {
      return false;
    }
    for (int axis = 0; axis < sizes.length; axis++) {
      long declared = shape.get(axis);
      if (declared == DYNAMIC ? sizes[axis] < 0 : sizes[axis] != declared) {
        return false;
      }
    }
    return true;
  }

  /** Returns the type and shape as error messages show them, {@code float32 (?, 1, 28, 28)}. */
  String typeAndShape() {
    return dtype
        + shape.stream()
            .map(size -> size == DYNAMIC ? "?" : size.toString())
            .collect(Collectors.joining(", ", " (", ")"));
  }

  @Override
  public String toString() {
    return Quote.plain(name) + ": " + typeAndShape();
  }
}
