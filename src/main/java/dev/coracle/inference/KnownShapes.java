// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a file tells about the shapes of a graph's values without being run: those of inputs,
 * initializers and constants, and those that a few operators derive from them. Enough for the small
 * operands that configure an operator, such as the scales of Resize.
 */
final class KnownShapes {

  /** Shapes with more axes count as unknown: they cost memory, and no such operand has them. */
  private static final int MAX_RANK = 8;

  /** Size of an axis that is not known. */
  static final long UNKNOWN = -1;

  private final @Nullable KnownShapes outer;

  /** Null for an unknown value, even where the outer graph has a known one of this name. */
  private final Map<String, long @Nullable []> shapes = new HashMap<>();

  /** The values of tensors that hold one whole number. */
  private final Map<String, Long> numbers = new HashMap<>();

  private KnownShapes(@Nullable KnownShapes outer) {
    this.outer = outer;
  }

  /**
   * Collects the shapes of a graph. Those that a subgraph's inputs declare do not count: ONNX
   * Runtime enforces declared shapes only on the caller of the model.
   */
  static KnownShapes of(Message graph, @Nullable KnownShapes outer) {
    KnownShapes known = new KnownShapes(outer);
    if (outer == null) {
      graph.messages("input").forEach(known::input);
    } else {
      graph.messages("input").forEach(input -> known.forget(input.text("name")));
    }
    for (Message tensor : graph.messages("initializer")) {
      known.tensor(tensor.text("name"), tensor);
    }
    for (Message sparse : graph.messages("sparse_initializer")) {
      Message values = sparse.message("values"); // has the name, maybe also that of one above
      known.forget(values == null ? "" : values.text("name"));
    }
    // All outputs first: ONNX Runtime runs nodes in an order of its own.
    graph.messages("node").forEach(node -> node.texts("output").forEach(known::forget));
    for (Message node : graph.messages("node")) {
      List<String> outputs = node.texts("output");
      long[] shape = outputs.isEmpty() ? null : known.output(node, outputs);
      if (shape != null) {
        known.shapes.put(outputs.get(0), shape);
      }
    }
    return known;
  }

  static KnownShapes none() {
    return new KnownShapes(null);
  }

  /** Returns a value's shape, or null if not even the number of axes is known. */
  long @Nullable [] of(String value) {
    KnownShapes scope = scope(value);
    return scope == null ? null : scope.shapes.get(value);
  }

  /** Returns the value of a tensor that holds one whole number, or null if it is not known. */
  @Nullable Long number(String value) {
    KnownShapes scope = scope(value);
    return scope == null ? null : scope.numbers.get(value);
  }

  /** Returns the innermost graph that has a value of this name. */
  private @Nullable KnownShapes scope(String value) {
    KnownShapes scope = this;
    while (scope != null && !scope.shapes.containsKey(value)) {
      scope = scope.outer;
    }
    return scope;
  }

  private void forget(String value) {
    shapes.put(value, null);
    numbers.remove(value);
  }

  private void tensor(String name, Message tensor) {
    forget(name);
    if (tensor.elements("dims") > MAX_RANK) {
      return;
    }
    long[] dims = tensor.numbers("dims");
    shapes.put(name, dims);
    if (Arrays.stream(dims).allMatch(size -> size == 1)) {
      Long number = TensorRules.number(tensor);
      if (number != null) {
        numbers.put(name, number);
      }
    }
  }

  private void input(Message input) {
    Message type = input.message("type");
    Message tensor = type == null ? null : type.message("tensor_type");
    Message shape = tensor == null ? null : tensor.message("shape");
    if (shape != null && shape.count("dim") <= MAX_RANK) {
      shapes.put(
          input.text("name"),
          shape.messages("dim").stream()
              .mapToLong(dim -> dim.has("dim_value") ? dim.number("dim_value") : UNKNOWN)
              .map(size -> Math.max(size, UNKNOWN))
              .toArray());
    }
  }

  private long @Nullable [] output(Message node, List<String> outputs) {
    if (!ModelRules.isStandard(node.text("domain"))) {
      return null; // an operator of the same name may do anything
    }
    List<String> inputs = node.texts("input");
    long[] first = inputs.isEmpty() ? null : of(inputs.get(0));
    return switch (node.text("op_type")) {
      case "Constant" -> constant(node, outputs.get(0));
      case "Shape" -> new long[] {first == null || node.has("attribute") ? UNKNOWN : first.length};
      case "Range" -> new long[] {UNKNOWN};
      case "Cast", "Floor", "Ceil", "Round", "Identity", "Neg", "Abs", "Sqrt", "Relu" -> first;
      case "Add", "Sub", "Mul", "Div" ->
          broadcast(first, inputs.size() < 2 ? null : of(inputs.get(1)));
      case "Slice" -> anySizes(first);
      case "Concat" -> concat(inputs);
      case "Unsqueeze" ->
          first != null && first.length == 0 && oneAxis(node) ? new long[] {1} : null;
      case "Gather" -> gather(first, inputs.size() < 2 ? null : of(inputs.get(1)));
      default -> null;
    };
  }

  private long @Nullable [] constant(Message node, String name) {
    for (Message attribute : node.messages("attribute")) {
      if (attribute.has("ref_attr_name")) {
        return null; // the caller of the function gives the value
      }
      Message tensor = attribute.message("t");
      switch (attribute.text("name")) {
        case "value" -> {
          if (tensor != null) {
            tensor(name, tensor);
          }
          return of(name);
        }
        case "value_floats" -> {
          return new long[] {attribute.elements("floats")};
        }
        case "value_ints" -> {
          return new long[] {attribute.elements("ints")};
        }
        case "value_float", "value_int", "value_string" -> {
          return new long[0];
        }
        default -> {}
      }
    }
    return null;
  }

  private static long @Nullable [] anySizes(long @Nullable [] shape) {
    long[] result = shape == null ? null : shape.clone();
    if (result != null) {
      Arrays.fill(result, UNKNOWN);
    }
    return result;
  }

  private static long @Nullable [] broadcast(long @Nullable [] left, long @Nullable [] right) {
    if (left == null || right == null) {
      return null;
    }
    long[] longer = left.length >= right.length ? left : right;
    long[] shorter = longer == left ? right : left;
    long[] result = longer.clone();
    for (int i = 0; i < shorter.length; i++) {
      int at = longer.length - shorter.length + i;
      result[at] = longer[at] == 1 ? shorter[i] : shorter[i] == UNKNOWN ? UNKNOWN : longer[at];
    }
    return result;
  }

  /** Handles lists joined from lists, the usual way to make a shape. */
  private long @Nullable [] concat(List<String> inputs) {
    List<long[]> parts = Stream.of(inputs.toArray(String[]::new)).map(this::of).toList();
    long sum = 0;
    for (long[] part : parts) {
      if (part == null || part.length != 1) {
        return null;
      }
      sum = sum == UNKNOWN || part[0] == UNKNOWN ? UNKNOWN : sum + part[0];
    }
    return new long[] {sum};
  }

  private boolean oneAxis(Message node) {
    List<String> inputs = node.texts("input");
    long[] axes = inputs.size() < 2 ? null : of(inputs.get(1));
    return axes == null
        ? node.messages("attribute").stream().anyMatch(axis -> axis.elements("ints") == 1)
        : Arrays.equals(axes, new long[] {1}) || axes.length == 0;
  }

  private static long @Nullable [] gather(long @Nullable [] data, long @Nullable [] indices) {
    return data == null || data.length != 1 ? null : indices;
  }
}
