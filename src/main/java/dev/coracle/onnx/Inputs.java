// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The inputs of a graph while they are being set up. */
final class Inputs {

  private final List<InputSpec> specs = new ArrayList<>();

  void add(String name, Shape shape, DataType type) {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(shape, "shape");
    Objects.requireNonNull(type, "type");
    requireName("input", name);
    if (type == DataType.INT16) {
      throw new IllegalArgumentException(
          "input '" + name + "' is of type int16, which PyTorch's engine lacks");
    }
    OnnxTypes.elementType(type); // refuses types at which the engine might end the process
    if (shape.dimension() == 0) {
      throw new IllegalArgumentException("input '" + name + "' has rank 0; axis 0 is the batch");
    }
    specs.add(new InputSpec(name, shape, type, Map.of(0, GraphBuilder.BATCH_AXIS)));
  }

  /** Refuses "", in ONNX no name, and characters that ONNX Runtime's Java binding garbles. */
  static void requireName(String what, String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException(
          "an " + what + " needs a name; ONNX takes an empty one for none");
    }
    if (name.chars().anyMatch(c -> c == 0 || Character.isSurrogate((char) c))) {
      throw new IllegalArgumentException(
          "the name of an %s has U+0000 or a character beyond U+FFFF, which ONNX Runtime's binding for Java garbles"
              .formatted(what));
    }
  }

  void nameAxis(String input, int axis, String name) {
    Objects.requireNonNull(name, "name");
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      throw new IllegalArgumentException(
          "the axis would be named '%s'; expected letters, digits and _".formatted(name));
    }
    axes(input, axis).put(axis, name);
  }

  void fixAxis(String input, int axis) {
    axes(input, axis).remove(axis);
  }

  private Map<Integer, String> axes(String input, int axis) {
    InputSpec spec = get(Objects.requireNonNull(input, "input"));
    if (axis < 0 || axis >= spec.shape().dimension()) {
      throw new IllegalArgumentException(
          "axis %d of input '%s' of shape %s; expected 0 to %d"
              .formatted(axis, input, spec.shape(), spec.shape().dimension() - 1));
    }
    return spec.axes();
  }

  /** Returns an input by its name. */
  InputSpec get(String input) {
    return specs.stream()
        .filter(spec -> spec.name().equals(input))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no input '%s'; add it before what is said about it: there is %s"
                        .formatted(input, specs.stream().map(InputSpec::name).toList())));
  }

  /** Returns the inputs in their order. */
  List<InputSpec> list() {
    return specs;
  }

  /** Returns the names of the dynamic axes in the order of the inputs. */
  Set<String> axisNames() {
    Set<String> names = new LinkedHashSet<>();
    specs.forEach(spec -> names.addAll(spec.axes().values()));
    return names;
  }
}
