// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Operations that give the same numbers another shape or order, repeat them or pad them. */
final class ShapeTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArray.reshape" -> ShapeTranslators::reshape;
      case "NDArray.flatten" -> ShapeTranslators::reshape;
      case "NDArray.expandDims" -> ShapeTranslators::expandDims;
      case "NDArray.squeeze" -> ShapeTranslators::squeeze;
      case "NDArray.transpose" -> ShapeTranslators::transpose;
      case "NDArray.swapAxes" -> ShapeTranslators::swapAxes;
      case "NDArray.broadcast" -> ShapeTranslators::broadcast;
      case "NDArray.tile" -> ShapeTranslators::tile;
      case "NDArray.repeat" -> ShapeTranslators::repeat;
      case "NDArray.flip" -> ShapeTranslators::flip;
      case "NDArray.rotate90" -> ShapeTranslators::rotate;
      case "NDArray.pad" -> ShapeTranslators::pad;
      default -> null;
    };
  }

  /** Types of Pad in ONNX Runtime; other small integers are converted to int32 for it. */
  private static final Set<DataType> PADDED =
      Collections.unmodifiableSet(
          EnumSet.of(
              DataType.FLOAT32,
              DataType.FLOAT64,
              DataType.INT8,
              DataType.UINT8,
              DataType.INT32,
              DataType.INT64));

  private ShapeTranslators() {}

  private static void reshape(Call call, GraphBuilder graph) {
    reshape(graph.name(call.receiver()), call.receiver().shape(), call, graph);
  }

  /** Gives {@code x}, of shape {@code source}, the shape of the result. */
  private static void reshape(String x, List<DimExpr> source, Call call, GraphBuilder graph) {
    graph
        .node("Reshape", call)
        .input(x)
        .input(target(source, call.result().shape(), graph))
        .output(call.result());
  }

  /**
   * Returns the name of Reshape's target. It takes 0 for "as in the input" and one −1 for "the
   * rest", which express a dynamic axis that stays where it is, and one axis that several are
   * merged into; other dynamic axes are computed from the sizes of the inputs. The resulting shape
   * says more than the argument of the call, which may contain a −1 of its own.
   */
  static String target(List<DimExpr> source, List<DimExpr> target, GraphBuilder graph) {
    List<Long> resolved = new ArrayList<>();
    for (int i = 0; i < target.size(); i++) {
      DimExpr dim = target.get(i);
      if (dim.isConstant()) {
        if (dim.value() == 0) {
          throw new ExportException("an array of shape " + target + " is empty");
        }
        resolved.add(dim.value());
      } else if (i < source.size() && source.get(i).equals(dim)) {
        resolved.add(0L);
      } else if (!resolved.contains(-1L)) {
        resolved.add(-1L);
      } else {
        return graph.shape(target);
      }
    }
    return graph.constant(resolved);
  }

  private static void expandDims(Call call, GraphBuilder graph) {
    int axis = call.axis(0, call.result().rank());
    graph
        .node("Unsqueeze", call)
        .input(call.receiver())
        .input(graph.constant(axis))
        .output(call.result());
  }

  /**
   * squeeze(), squeeze(axis) or squeeze(axes). A dynamic axis is kept, as it was at the sizes of
   * the trace; DJL would drop it at size 1.
   */
  private static void squeeze(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    List<Long> dropped;
    if (call.arguments().isEmpty()) {
      dropped =
          LongStream.range(0, x.rank())
              .filter(axis -> isOne(x.shape().get((int) axis)))
              .boxed()
              .toList();
    } else {
      List<DimExpr> axes = call.require(0) instanceof DimExpr axis ? List.of(axis) : call.dims(0);
      dropped =
          axes.stream()
              .filter(axis -> x.rank() > 0)
              .map(axis -> (long) call.axis(call.literal(axis), x.rank()))
              .filter(axis -> isOne(x.shape().get(axis.intValue())))
              .sorted()
              .toList();
    }
    if (dropped.isEmpty()) {
      graph.alias(call.result(), x);
      return;
    }
    graph.node("Squeeze", call).input(x).input(graph.constant(dropped)).output(call.result());
  }

  private static boolean isOne(DimExpr dim) {
    return dim.isConstant() && dim.value() == 1;
  }

  /** transpose() reverses the axes. */
  private static void transpose(Call call, GraphBuilder graph) {
    int rank = call.receiver().rank();
    List<Long> order =
        call.arguments().isEmpty()
            ? LongStream.range(0, rank).map(axis -> rank - 1 - axis).boxed().toList()
            : call.literals(0).stream().map(axis -> (long) call.axis(axis, rank)).toList();
    permute(order, call, graph);
  }

  private static void swapAxes(Call call, GraphBuilder graph) {
    int rank = call.receiver().rank();
    permute(swapped(rank, call.axis(0, rank), call.axis(1, rank)), call, graph);
  }

  /**
   * An order that changes nothing gets no node: before a Gemm, ONNX Runtime (1.29.0) takes any
   * Transpose for one that swaps the axes.
   */
  private static void permute(List<Long> order, Call call, GraphBuilder graph) {
    Value x = call.receiver();
    if (order.equals(LongStream.range(0, x.rank()).boxed().toList())) {
      graph.alias(call.result(), x);
    } else {
      graph.node("Transpose", call).input(x).attribute("perm", order).output(call.result());
    }
  }

  private static List<Long> swapped(int rank, int a, int b) {
    List<Long> order = new ArrayList<>(LongStream.range(0, rank).boxed().toList());
    Collections.swap(order, a, b);
    return order;
  }

  private static void broadcast(Call call, GraphBuilder graph) {
    List<DimExpr> shape = call.result().shape();
    if (shape.equals(call.receiver().shape())) {
      graph.alias(call.result(), call.receiver());
      return;
    }
    graph
        .node("Expand", call)
        .input(call.receiver())
        .input(graph.shape(shape))
        .output(call.result());
  }

  /** tile(repeats) along all axes, or tile(repeats of each axis), which may add axes in front. */
  private static void tile(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    if (call.arguments().size() != 1) {
      throw call.unsupported("an axis; give the repeats of all axes");
    }
    int rank = call.result().rank();
    List<DimExpr> repeats =
        call.require(0) instanceof DimExpr all ? Collections.nCopies(rank, all) : call.dims(0);
    List<DimExpr> widened = new ArrayList<>(Collections.nCopies(rank - x.rank(), DimExpr.of(1)));
    widened.addAll(x.shape());
    if (repeats.size() != rank || !product(widened, repeats).equals(call.result().shape())) {
      throw call.unsupported("a shape; give the repeats of all axes");
    }
    String tiled = graph.name(x);
    if (rank > x.rank()) {
      List<Long> added = LongStream.range(0, rank - x.rank()).boxed().toList();
      tiled = graph.node("Unsqueeze", call).input(tiled).input(graph.constant(added)).output();
    }
    graph.node("Tile", call).input(tiled).input(graph.shape(repeats)).output(call.result());
  }

  private static List<DimExpr> product(List<DimExpr> left, List<DimExpr> right) {
    return IntStream.range(0, left.size()).mapToObj(i -> left.get(i).times(right.get(i))).toList();
  }

  /**
   * Repeats each element, unlike tile: repeat(repeats) along all axes, repeat(axis, repeats),
   * repeat(repeats of each axis) or repeat(shape to reach). Each repeated axis gets a new one after
   * it, which is broadcast and then merged with it.
   */
  private static void repeat(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    List<DimExpr> repeats = repeats(call);
    List<Long> added = new ArrayList<>();
    List<DimExpr> factors = new ArrayList<>();
    List<DimExpr> expanded = new ArrayList<>();
    for (int axis = 0; axis < x.rank(); axis++) {
      factors.add(DimExpr.of(1));
      expanded.add(x.shape().get(axis));
      if (!isOne(repeats.get(axis))) {
        added.add((long) factors.size());
        factors.add(repeats.get(axis));
        expanded.add(repeats.get(axis));
      }
    }
    if (added.isEmpty()) {
      graph.alias(call.result(), x);
      return;
    }
    String spread = graph.node("Unsqueeze", call).input(x).input(graph.constant(added)).output();
    String filled = graph.node("Expand", call).input(spread).input(graph.shape(factors)).output();
    reshape(filled, expanded, call, graph);
  }

  private static List<DimExpr> repeats(Call call) {
    List<DimExpr> source = call.receiver().shape();
    List<DimExpr> result = call.result().shape();
    List<DimExpr> repeats = new ArrayList<>(Collections.nCopies(source.size(), DimExpr.of(1)));
    if (call.arguments().size() == 2) {
      repeats.set(call.axis(0, source.size()), (DimExpr) call.require(1));
    } else if (call.require(0) instanceof DimExpr all) {
      Collections.fill(repeats, all);
    } else {
      List<DimExpr> given = call.dims(0);
      for (int axis = 0; axis < given.size() && axis < repeats.size(); axis++) {
        repeats.set(axis, given.get(axis));
      }
      if (!product(source, repeats).equals(result)) { // the argument was the shape to reach
        for (int axis = 0; axis < source.size(); axis++) {
          repeats.set(axis, quotient(call, result.get(axis), source.get(axis)));
        }
      }
    }
    if (!product(source, repeats).equals(result)) {
      throw call.unsupported("%s repeated to %s".formatted(source, result));
    }
    return repeats;
  }

  private static DimExpr quotient(Call call, DimExpr dividend, DimExpr divisor) {
    return dividend.equals(divisor)
        ? DimExpr.of(1)
        : isOne(divisor) ? dividend : DimExpr.of(call.literal(dividend) / call.literal(divisor));
  }

  private static void flip(Call call, GraphBuilder graph) {
    List<Long> axes = axes(call, call.literals(0));
    if (axes.isEmpty()) {
      graph.alias(call.result(), call.receiver());
      return;
    }
    flip(graph.name(call.receiver()), axes, call, graph).output(call.result());
  }

  private static List<Long> axes(Call call, List<Long> axes) {
    return axes.stream().map(axis -> (long) call.axis(axis, call.receiver().rank())).toList();
  }

  /** Reverses axes: steps backward from the last element to the first. */
  static NodeBuilder flip(String x, List<Long> axes, Call call, GraphBuilder graph) {
    List<Long> backward = Collections.nCopies(axes.size(), -1L);
    return graph
        .node("Slice", call)
        .input(x)
        .input(graph.constant(backward))
        .input(graph.constant(Collections.nCopies(axes.size(), Long.MIN_VALUE)))
        .input(graph.constant(axes))
        .input(graph.constant(backward));
  }

  /** rotate90(times, axes) from the first axis towards the second. */
  private static void rotate(Call call, GraphBuilder graph) {
    List<Long> axes = axes(call, call.literals(1));
    int times = (int) Math.floorMod(call.literal(0), 4L);
    String x = graph.name(call.receiver());
    switch (times) {
      case 0 -> graph.alias(call.result(), call.receiver());
      case 2 -> flip(x, axes, call, graph).output(call.result());
      default -> {
        String flipped = flip(x, List.of(axes.get(times == 1 ? 1 : 0)), call, graph).output();
        graph
            .node("Transpose", call)
            .input(flipped)
            .attribute(
                "perm",
                swapped(call.receiver().rank(), axes.get(0).intValue(), axes.get(1).intValue()))
            .output(call.result());
      }
    }
  }

  /** pad(before and after of the last axis, of the last but one, …; value). */
  private static void pad(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    List<DimExpr> padding = call.dims(0);
    List<DimExpr> pads = new ArrayList<>(Collections.nCopies(2 * x.rank(), DimExpr.of(0)));
    for (int i = 0; i + 1 < padding.size(); i += 2) {
      int axis = x.rank() - 1 - i / 2;
      pads.set(axis, padding.get(i));
      pads.set(x.rank() + axis, padding.get(i + 1));
    }
    DataType computed = Promotion.computed(call, x.type(), PADDED);
    NodeBuilder node =
        graph
            .node("Pad", call)
            .input(Promotion.operand(call, graph, x, x.type(), computed))
            .input(graph.shape(pads))
            .input(Promotion.operand(call, graph, call.require(1), x.type(), computed));
    Promotion.finish(call, graph, node, computed, call.result());
  }
}
