// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A graph's inputs and outputs, and the operator behind its only output.
 *
 * @param inputs the inputs that a caller must give, in the file's order: those without an
 *     initializer of the same name
 * @param outputs those that are tensors of a {@link DType} and known rank
 * @param outputOperator the operator that produces the only output, such as LogSoftmax; null where
 *     there are several outputs, or no operator
 */
record GraphSignature(
    List<TensorSpec> inputs, List<TensorSpec> outputs, @Nullable String outputOperator) {

  static GraphSignature of(Message graph) {
    Set<String> initialized = new HashSet<>();
    graph.messages("initializer").forEach(tensor -> initialized.add(tensor.text("name")));
    for (Message sparse : graph.messages("sparse_initializer")) {
      Message values = sparse.message("values");
      if (values != null) {
        initialized.add(values.text("name"));
      }
    }
    List<TensorSpec> inputs = new ArrayList<>();
    for (Message input : graph.messages("input")) {
      if (!initialized.contains(input.text("name"))) {
        TensorSpec spec = spec(input);
        if (spec == null) {
          throw unusable(input);
        }
        inputs.add(spec);
      }
    }
    List<TensorSpec> outputs =
        graph.messages("output").stream()
            .map(GraphSignature::spec)
            .flatMap(Stream::ofNullable)
            .toList();
    return new GraphSignature(List.copyOf(inputs), outputs, outputOperator(graph));
  }

  private static InvalidModelException unusable(Message input) {
    Message type = input.message("type");
    Message tensor = type == null ? null : type.message("tensor_type");
    ElementType elements = tensor == null ? null : ElementType.of(tensor.number("elem_type"));
    return new InvalidModelException(
        "input %s: expected a tensor of known rank with elements that Java has a buffer for, found %s; export another model"
            .formatted(
                Quote.text(input.text("name")),
                tensor == null || elements == null
                    ? "no tensor"
                    : tensor.has("shape") ? elements : "no shape"));
  }

  /** Returns null for what is no tensor of a {@link DType} and known rank. */
  private static @Nullable TensorSpec spec(Message value) {
    Message type = value.message("type");
    Message tensor = type == null ? null : type.message("tensor_type");
    ElementType elements = tensor == null ? null : ElementType.of(tensor.number("elem_type"));
    DType dtype = elements == null ? null : elements.dtype();
    Message shape = tensor == null ? null : tensor.message("shape");
    if (dtype == null || shape == null) {
      return null;
    }
    List<Long> sizes = new ArrayList<>();
    for (Message dim : shape.messages("dim")) {
      long size = dim.number("dim_value");
      sizes.add(dim.has("dim_value") && size >= 0 ? (Long) size : (Long) TensorSpec.DYNAMIC);
    }
    return new TensorSpec(value.text("name"), dtype, sizes);
  }

  private static @Nullable String outputOperator(Message graph) {
    List<Message> outputs = graph.messages("output");
    if (outputs.size() != 1) {
      return null;
    }
    String name = outputs.get(0).text("name");
    for (Message node : graph.messages("node")) {
      if (node.texts("output").contains(name)) {
        return node.text("op_type");
      }
    }
    return null;
  }
}
