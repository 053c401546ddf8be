// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.Promotion.FLOATING;
import static dev.coracle.onnx.Promotion.NUMBERS;

import ai.djl.ndarray.types.DataType;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Sums, means and extremes along axes, and cumulative sums. */
final class ReductionTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArray.sum" -> reduction("ReduceSum", NUMBERS);
      case "NDArray.mean" -> reduction("ReduceMean", FLOATING);
      case "NDArray.prod" -> ReductionTranslators::prod;
      case "NDArray.max" -> extreme("ReduceMax", "ArgMax");
      case "NDArray.min" -> extreme("ReduceMin", "ArgMin");
      case "NDArray.norm" -> ReductionTranslators::norm;
      case "NDArray.normalize" -> ReductionTranslators::normalize;
      case "NDArray.cumSum" -> ReductionTranslators::cumSum;
      case "NDArray.diff" -> ReductionTranslators::diff;
      case "NDArray.median" -> ReductionTranslators::median;
      default -> null;
    };
  }

  /** First opset in which ReduceSum takes axes as an input, and in which the others do. */
  private static final int SUM_AXES_AS_INPUT = 13;

  private static final int AXES_AS_INPUT = 18;

  private ReductionTranslators() {}

  /** method(), method(axes) or method(axes, keepDims). */
  private static OpTranslator reduction(String operator, Set<DataType> kernels) {
    return (call, graph) -> {
      boolean all = call.arguments().isEmpty();
      List<Long> axes = all ? List.of() : call.literals(0);
      boolean keepDims = call.arguments().size() > 1 && call.flag(1);
      reduce(operator, kernels, axes, keepDims, call, graph);
    };
  }

  /** ONNX Runtime multiplies integers in float64, which is wrong from 2^53 on. */
  private static void prod(Call call, GraphBuilder graph) {
    if (!call.result().type().isFloating()) {
      throw call.unsupported(
          "whole numbers, whose product ONNX Runtime rounds; convert them to a floating type");
    }
    reduction("ReduceProd", FLOATING).translate(call, graph);
  }

  /**
   * The greatest or the smallest. Of int64 by its place: the kernel for the number itself compares
   * the lower halves as signed numbers where the upper ones are equal (ONNX Runtime 1.29).
   */
  private static OpTranslator extreme(String operator, String place) {
    OpTranslator direct = reduction(operator, NUMBERS);
    return (call, graph) -> {
      Value x = call.receiver();
      if (x.type() != DataType.INT64 || x.rank() == 0) {
        direct.translate(call, graph);
        return;
      }
      String numbers = Promotion.operand(call, graph, x, x.type(), x.type());
      boolean all = call.arguments().isEmpty();
      if (all) {
        numbers = graph.node("Reshape", call).input(numbers).input(graph.constant(-1)).output();
      }
      long axis = all ? 0 : call.axis(call.literals(0).get(0), x.rank()); // DJL takes one alone
      String at =
          graph
              .node(place, call)
              .input(numbers)
              .attribute("axis", axis)
              .attribute("keepdims", 1L)
              .output();
      NodeBuilder found =
          graph.node("GatherElements", call).input(numbers).input(at).attribute("axis", axis);
      if (call.arguments().size() > 1 && call.flag(1)) {
        found.output(call.result());
      } else {
        graph
            .node("Squeeze", call)
            .input(found.output())
            .input(graph.constant(axis))
            .output(call.result());
      }
    };
  }

  private static void reduce(
      String operator,
      Set<DataType> kernels,
      List<Long> axes,
      boolean keepDims,
      Call call,
      GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, kernels);
    String x = Promotion.operand(call, graph, call.receiver(), type, computed);
    if (call.receiver().rank() == 0) {
      Promotion.finish(call, graph, graph.node("Identity", call).input(x), computed, call.result());
      return;
    }
    NodeBuilder node = node(operator, x, axes, keepDims, call, graph);
    Promotion.finish(call, graph, node, computed, call.result());
  }

  /**
   * Starts a node that reduces {@code x}, of the receiver's rank.
   *
   * @param axes empty for all axes
   */
  static NodeBuilder node(
      String operator, String x, List<Long> axes, boolean keepDims, Call call, GraphBuilder graph) {
    TreeSet<Long> counted = new TreeSet<>();
    axes.forEach(axis -> counted.add((long) call.axis(axis, call.receiver().rank())));
    NodeBuilder node = graph.node(operator, call).input(x);
    int asInput = operator.equals("ReduceSum") ? SUM_AXES_AS_INPUT : AXES_AS_INPUT;
    if (!counted.isEmpty() && graph.opset() >= asInput) {
      node.input(graph.constant(List.copyOf(counted)));
    } else if (!counted.isEmpty()) {
      node.attribute("axes", List.copyOf(counted));
    }
    return node.attribute("keepdims", keepDims ? 1L : 0L);
  }

  /** norm(keepDims) or norm(order, axes, keepDims). */
  private static void norm(Call call, GraphBuilder graph) {
    boolean all = call.arguments().size() == 1;
    long order = all ? 2 : call.literal(0);
    reduceNorm(order, all ? List.of() : call.literals(1), call.flag(all ? 0 : 2), call, graph);
  }

  private static void reduceNorm(
      long order, List<Long> axes, boolean keepDims, Call call, GraphBuilder graph) {
    Promotion.computed(call, call.result().type(), FLOATING);
    if (call.receiver().rank() == 0) {
      throw call.unsupported("an array of rank 0");
    }
    normNode(order, axes, keepDims, call, graph).output(call.result());
  }

  /** Written out, since ONNX Runtime has ReduceL1 and ReduceL2 for float32 only. */
  private static NodeBuilder normNode(
      long order, List<Long> axes, boolean keepDims, Call call, GraphBuilder graph) {
    Value x = call.receiver();
    if (order == 1) {
      String magnitude = graph.node("Abs", call).input(x).output();
      return node("ReduceSum", magnitude, axes, keepDims, call, graph);
    }
    if (order != 2) {
      throw call.unsupported("order %d; 1 and 2 are translated".formatted(order));
    }
    String square = graph.node("Mul", call).input(x).input(x).output();
    String sum = node("ReduceSum", square, axes, keepDims, call, graph).output();
    return graph.node("Sqrt", call).input(sum);
  }

  /** normalize(exponent, axis, eps): divides by the norm, or by eps if that is larger. */
  private static void normalize(Call call, GraphBuilder graph) {
    double exponent = call.number(0);
    DataType type = Promotion.computed(call, call.receiver().type(), FLOATING);
    if (exponent != 1 && exponent != 2) {
      throw call.unsupported("exponent %s; 1 and 2 are translated".formatted(exponent));
    }
    String norm = normNode((long) exponent, List.of(call.literal(1)), true, call, graph).output();
    String divisor =
        graph.node("Max", call).input(norm).input(graph.scalar(call.number(2), type)).output();
    graph.node("Div", call).input(call.receiver()).input(divisor).output(call.result());
  }

  /** cumSum() along axis 0, or cumSum(axis). */
  private static void cumSum(Call call, GraphBuilder graph) {
    if (call.receiver().rank() == 0) { // a single number gets an axis
      graph
          .node("Reshape", call)
          .input(call.receiver())
          .input(graph.constant(1))
          .output(call.result());
      return;
    }
    int axis = call.arguments().isEmpty() ? 0 : call.axis(0, call.receiver().rank());
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, NUMBERS);
    NodeBuilder node =
        graph
            .node("CumSum", call)
            .input(Promotion.operand(call, graph, call.receiver(), type, computed))
            .input(graph.scalar(axis, DataType.INT64));
    Promotion.finish(call, graph, node, computed, call.result());
  }

  /** diff(times, axis): each element minus the one before, applied that many times. */
  private static void diff(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    long times = call.literal(0);
    if (x.type() == DataType.BOOLEAN || times < 1) {
      throw call.unsupported(
          "a difference of booleans, or one taken no times; convert them with toType, or leave diff out");
    }
    DataType computed = Promotion.computed(call, x.type(), NUMBERS);
    String axis = graph.constant(call.axis(1, x.rank()));
    String numbers = Promotion.operand(call, graph, x, x.type(), computed);
    for (long i = 1; i < times; i++) {
      numbers = difference(numbers, axis, call, graph).output();
    }
    NodeBuilder last = difference(numbers, axis, call, graph);
    Promotion.finish(call, graph, last, computed, call.result());
  }

  private static NodeBuilder difference(String x, String axis, Call call, GraphBuilder graph) {
    String after = slice(x, 1, Long.MAX_VALUE, axis, call, graph);
    String before = slice(x, 0, -1, axis, call, graph);
    return graph.node("Sub", call).input(after).input(before);
  }

  private static String slice(
      String x, long start, long end, String axis, Call call, GraphBuilder graph) {
    return graph
        .node("Slice", call)
        .input(x)
        .input(graph.constant(start))
        .input(graph.constant(end))
        .input(axis)
        .output();
  }

  /** median() or median(axes) of one axis, by default the last: the lower of two middle ones. */
  private static void median(Call call, GraphBuilder graph) {
    List<Long> axes = call.arguments().isEmpty() ? List.of(-1L) : call.literals(0);
    Value x = call.receiver();
    if (axes.size() != 1) {
      throw call.unsupported("axes " + axes + "; expected one");
    }
    int axis = call.axis(axes.get(0), x.rank());
    long lower = (call.literal(x.shape().get(axis)) - 1) / 2;
    DataType computed = Promotion.computed(call, x.type(), NUMBERS);
    String smallest =
        graph
            .node("TopK", call)
            .input(Promotion.operand(call, graph, x, x.type(), computed))
            .input(graph.constant(lower + 1))
            .attribute("axis", axis)
            .attribute("largest", 0L)
            .outputs(2)
            .get(0);
    NodeBuilder node =
        graph
            .node("Gather", call)
            .input(smallest)
            .input(graph.scalar(DimExpr.of(lower), DataType.INT64))
            .attribute("axis", axis);
    Promotion.finish(call, graph, node, computed, call.result());
  }
}
