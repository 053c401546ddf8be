// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Batch and layer normalization. */
final class NormalizationTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.batchNorm" -> NormalizationTranslators::batchNorm;
      case "NDArrayEx.layerNorm" -> NormalizationTranslators::layerNorm;
      default -> null;
    };
  }

  /** First opset with LayerNormalization. */
  private static final int LAYER_NORMALIZATION = 17;

  private NormalizationTranslators() {}

  /** batchNorm(input, mean, variance, gamma, beta, axis, momentum, epsilon, training). */
  private static void batchNorm(Call call, GraphBuilder graph) {
    Value input = call.array(0);
    List<Value> statistics = List.of(call.array(1), call.array(2), call.array(3), call.array(4));
    long axis = call.literal(5);
    call.requireFloating(input);
    statistics.forEach(value -> requireSameType(call, input, value));
    if (axis < 0 || axis >= input.rank()) { // -1 is axis 1 in PyTorch's engine, the last in others
      throw call.unsupported(
          "axis %d of an array of rank %d; count it from 0".formatted(axis, input.rank()));
    }
    if (axis == 1) {
      graph
          .node("BatchNormalization", call)
          .input(input)
          .input(call.array(3))
          .input(call.array(4))
          .input(call.array(1))
          .input(call.array(2))
          .attribute("epsilon", (float) call.number(7))
          .output(call.result());
    } else {
      scaleAndShift(call, graph, input, Math.toIntExact(axis));
    }
  }

  private static void requireSameType(Call call, Value input, Value value) {
    if (value.type() != input.type()) {
      throw call.unsupported(
          "an input of type %s and a parameter of type %s".formatted(input.type(), value.type()));
    }
  }

  /**
   * Written out, since ONNX supports only axis 1: x · gamma/√(variance+ε) + (beta − mean ·
   * gamma/√(variance+ε)).
   */
  private static void scaleAndShift(Call call, GraphBuilder graph, Value input, int axis) {
    NDArray deviation = exact(call, 2).add(call.number(7)).sqrt();
    NDArray scale = exact(call, 3).div(deviation);
    NDArray shift = exact(call, 4).sub(exact(call, 1).mul(scale));
    long[] along = LongStream.generate(() -> 1).limit(input.rank() - axis).toArray();
    along[0] = -1;
    String scaled =
        graph
            .node("Mul", call)
            .input(input)
            .input(initializer(call, graph, 3, "scale", scale.reshape(along), input.type()))
            .output();
    graph
        .node("Add", call)
        .input(scaled)
        .input(initializer(call, graph, 4, "shift", shift.reshape(along), input.type()))
        .output(call.result());
  }

  /** Returns the content of an argument, to compute with. */
  private static NDArray exact(Call call, int index) {
    NDArray content = call.array(index).content();
    if (content == null) {
      throw call.unsupported("an axis other than 1 with parameters that depend on the input");
    }
    return content.toType(DataType.FLOAT64, true);
  }

  private static String initializer(
      Call call, GraphBuilder graph, int argument, String what, NDArray array, DataType type) {
    String name = LinearTranslators.derived(call.array(argument), what);
    return graph.initializer(name, array.toType(type, true));
  }

  /** layerNorm(input, normalizedShape, gamma, beta, epsilon) over the last axes. */
  private static void layerNorm(Call call, GraphBuilder graph) {
    Value input = call.array(0);
    call.requireFloating(input);
    requireSameType(call, input, call.array(2));
    requireSameType(call, input, call.array(3));
    long first = (long) input.rank() - call.literals(1).size();
    // By its specification, the operator computes even float64 in float32.
    if (graph.opset() >= LAYER_NORMALIZATION && input.type() != DataType.FLOAT64) {
      graph
          .node("LayerNormalization", call)
          .input(input)
          .input(call.array(2))
          .input(call.array(3))
          .attribute("axis", first)
          .attribute("epsilon", (float) call.number(4))
          .output(call.result());
      return;
    }
    List<Long> axes = LongStream.range(first, input.rank()).boxed().toList();
    String mean = mean(call, graph, graph.name(input), axes);
    String centred = graph.node("Sub", call).input(input).input(mean).output();
    String squared = graph.node("Mul", call).input(centred).input(centred).output();
    String variance = mean(call, graph, squared, axes);
    String epsilon = graph.scalar(call.number(4), input.type());
    String positive = graph.node("Add", call).input(variance).input(epsilon).output();
    String deviation = graph.node("Sqrt", call).input(positive).output();
    String normal = graph.node("Div", call).input(centred).input(deviation).output();
    String scaled = graph.node("Mul", call).input(normal).input(call.array(2)).output();
    graph.node("Add", call).input(scaled).input(call.array(3)).output(call.result());
  }

  private static String mean(Call call, GraphBuilder graph, String name, List<Long> axes) {
    return ReductionTranslators.node("ReduceMean", name, axes, true, call, graph).output();
  }
}
