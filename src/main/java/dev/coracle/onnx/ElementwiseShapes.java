// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ShapeInference.one;

import dev.coracle.onnx.ShapeInference.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Shapes of operators that keep or broadcast them: elementwise functions, and normalisations. */
final class ElementwiseShapes {

  /** Returns the rule of an operator, or null. */
  static @Nullable Rule of(String operator) {
    return switch (operator) {
      case "Neg",
          "Abs",
          "Exp",
          "Log",
          "Sqrt",
          "Reciprocal",
          "Sign",
          "Floor",
          "Ceil",
          "Round",
          "Sin",
          "Cos",
          "Tan",
          "Asin",
          "Acos",
          "Atan",
          "Sinh",
          "Cosh",
          "Tanh",
          "Asinh",
          "Acosh",
          "Atanh",
          "Erf",
          "Sigmoid",
          "IsNaN",
          "IsInf",
          "Not",
          "Relu",
          "LeakyRelu",
          "Elu",
          "Selu",
          "Celu",
          "ThresholdedRelu",
          "HardSigmoid",
          "HardSwish",
          "Softplus",
          "Softsign",
          "Gelu",
          "Mish",
          "Identity",
          "Cast" ->
          node -> one(node.dims(0));
      case "Add",
          "Sub",
          "Mul",
          "Div",
          "Pow",
          "Mod",
          "Min",
          "Max",
          "Sum",
          "Mean",
          "Equal",
          "Greater",
          "GreaterOrEqual",
          "Less",
          "LessOrEqual",
          "And",
          "Or",
          "Xor",
          "Where" ->
          ElementwiseShapes::broadcast;
      case "Softmax", "LogSoftmax", "Hardmax", "LpNormalization" -> ElementwiseShapes::alongAxis;
      case "CumSum" -> ElementwiseShapes::cumSum;
      case "Clip" -> ElementwiseShapes::clip;
      case "PRelu" -> ElementwiseShapes::prelu;
      case "BatchNormalization" -> ElementwiseShapes::batchNormalization;
      case "LayerNormalization" -> ElementwiseShapes::layerNormalization;
      default -> null;
    };
  }

  private ElementwiseShapes() {}

  private static List<List<Long>> broadcast(NodeFacts node) {
    List<List<Long>> shapes =
        IntStream.range(0, node.inputs().size()).mapToObj(node::dims).toList();
    return one(ShapeInference.broadcast(node, shapes));
  }

  private static List<List<Long>> alongAxis(NodeFacts node) {
    node.axis(node.integer("axis", -1), node.rank(0));
    return one(node.dims(0));
  }

  private static List<List<Long>> cumSum(NodeFacts node) {
    List<Long> axis = node.content(1);
    if (axis != null && axis.size() == 1) {
      node.axis(axis.get(0), node.rank(0));
    }
    return one(node.dims(0));
  }

  private static List<List<Long>> clip(NodeFacts node) {
    for (int bound = 1; bound <= 2; bound++) {
      if (node.has(bound)) {
        node.requireRank(bound, 0, 0);
      }
    }
    return one(node.dims(0));
  }

  /** The slope must broadcast to the input, not the other way round. */
  private static List<List<Long>> prelu(NodeFacts node) {
    List<Long> both = ShapeInference.broadcast(node, List.of(node.dims(0), node.dims(1)));
    if (!both.equals(node.dims(0))) {
      throw node.wrong(
          "a slope that broadcasts to %s, found shape %s".formatted(node.dims(0), node.dims(1)));
    }
    return one(both);
  }

  private static List<List<Long>> batchNormalization(NodeFacts node) {
    node.requireRank(0, 2, Integer.MAX_VALUE);
    if (node.integer("training_mode", 0) != 0 || node.node().getOutputCount() > 1) {
      throw node.wrong("inference, found training");
    }
    List<Long> channels = node.dims(0).subList(1, 2);
    for (int input = 1; input <= 4; input++) {
      node.requireDims(input, channels);
    }
    return one(node.dims(0));
  }

  private static List<List<Long>> layerNormalization(NodeFacts node) {
    List<Long> shape = node.dims(0);
    int axis = node.axis(node.integer("axis", -1), shape.size());
    for (int input = 1; input <= 2; input++) {
      if (node.has(input)
          && !ShapeInference.broadcast(node, List.of(shape, node.dims(input))).equals(shape)) {
        throw node.wrong(
            "input %d that broadcasts to %s, found shape %s"
                .formatted(input, shape, node.dims(input)));
      }
    }
    List<Long> statistics = new ArrayList<>(shape.subList(0, axis));
    while (statistics.size() < shape.size()) {
      statistics.add(1L);
    }
    return List.of(shape, statistics, statistics);
  }
}
