// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Describes an input or output of a model as the file declares it.
 *
 * @param type element type by its ONNX name, for example {@code float32} or {@code uint8}
 * @param shape size of each axis; {@value #DYNAMIC} where it is chosen anew for each call
 */
public record TensorSpec(String name, String type, List<Long> shape) {

  /** Size of an axis that the file leaves open, such as the batch. */
  public static final long DYNAMIC = -1;

  static final String FLOAT32 = "float32";
  static final String UINT8 = "uint8";

  public TensorSpec {
    shape = List.copyOf(shape);
  }

  static TensorSpec of(String name, TensorInfo info) {
    return new TensorSpec(
        name, typeName(info.type), Arrays.stream(info.getShape()).boxed().toList());
  }

  /** Tells whether a tensor of this shape fits: same rank, same size on each axis not left open. */
  boolean accepts(long... sizes) {
    if (sizes.length != shape.size()) {
      return false;
    }
    for (int axis = 0; axis < sizes.length; axis++) {
      long declared = shape.get(axis);
      if (declared == DYNAMIC ? sizes[axis] < 1 : sizes[axis] != declared) {
        return false;
      }
    }
    return true;
  }

  /** Writes the type and shape as the error messages show them, {@code float32 (?, 1, 28, 28)}. */
  String typeAndShape() {
    return type
        + shape.stream()
            .map(size -> size == DYNAMIC ? "?" : size.toString())
            .collect(Collectors.joining(", ", " (", ")"));
  }

  @Override
  public String toString() {
    return name + ": " + typeAndShape();
  }

  private static String typeName(OnnxJavaType type) {
    return switch (type) {
      case FLOAT -> FLOAT32;
      case DOUBLE -> "float64";
      default -> type.name().toLowerCase(Locale.ROOT);
    };
  }
}
