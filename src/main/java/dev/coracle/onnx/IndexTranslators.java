// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Picks elements of an array by their position. */
final class IndexTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case TracingIndexer.GET -> IndexTranslators::get;
      case "NDArray.gather" -> IndexTranslators::gather;
      case "NDArray.gatherNd" -> IndexTranslators::gatherNd;
      case "NDArray.take" -> IndexTranslators::take;
      case "NDArray.put" -> IndexTranslators::put;
      case "NDArray.scatter" -> IndexTranslators::scatter;
      case "NDArray.oneHot" -> IndexTranslators::oneHot;
      case "NDArray.diagonal" -> IndexTranslators::diagonal;
      default -> null;
    };
  }

  /** The bound of a slice that goes to the end. */
  private static final DimExpr END = DimExpr.of(Long.MAX_VALUE);

  private IndexTranslators() {}

  /**
   * get(index): all slices in one node, then single indices and arrays of indices from the last
   * axis to the first, so that axes keep their numbers, then new axes.
   */
  private static void get(Call call, GraphBuilder graph) {
    List<Element> elements = elements(call);
    if (elements.stream().anyMatch(e -> e.kind().equals(TracingIndexer.PICK))) {
      pick(elements, call, graph);
      return;
    }
    String x = slices(elements, call, graph);
    long arrays = elements.stream().filter(e -> e.kind().equals(TracingIndexer.TAKE)).count();
    if (arrays > 1) {
      throw call.unsupported("several arrays in an index; use gather or gatherNd");
    }
    for (int i = elements.size() - 1; i >= 0; i--) {
      Element element = elements.get(i);
      if (element.kind().equals(TracingIndexer.FIXED)) {
        String index = graph.scalar((DimExpr) element.argument(0), DataType.INT64);
        x = gather(x, index, element.axis(), call, graph).output();
      } else if (element.kind().equals(TracingIndexer.TAKE)) {
        String index = index(call, graph, (Value) element.argument(0));
        x = gather(x, index, element.axis(), call, graph).output();
      }
    }
    List<Long> added = newAxes(elements);
    if (!added.isEmpty()) {
      x = graph.node("Unsqueeze", call).input(x).input(graph.constant(added)).output();
    }
    graph.alias(call.result(), x);
  }

  /**
   * One element of an index.
   *
   * @param axis of the receiver; for a new axis, the one before which it is inserted
   * @param arguments as {@link TracingIndexer} says
   */
  record Element(String kind, int axis, List<Object> arguments) {
    Object argument(int index) {
      return arguments.get(index);
    }
  }

  static List<Element> elements(Call call) {
    List<Element> elements = new ArrayList<>();
    List<String> kinds = new ArrayList<>();
    List<List<Object>> arguments = new ArrayList<>();
    List<Object> flat = new ArrayList<>();
    call.arguments().forEach(argument -> flat.add(argument == null ? NONE : argument));
    for (int i = 0; i < flat.size(); i++) {
      String kind = (String) flat.get(i);
      int count =
          switch (kind) {
            case TracingIndexer.FIXED, TracingIndexer.TAKE, TracingIndexer.PICK -> 1;
            case TracingIndexer.SLICE -> 3;
            case TracingIndexer.BOOLEANS ->
                throw call.unsupported(
                    "an index of booleans: the shape of the result would depend on content; use where or mul");
            default -> 0;
          };
      kinds.add(kind);
      arguments.add(flat.subList(i + 1, i + 1 + count));
      i += count;
    }
    long taken = kinds.stream().filter(IndexTranslators::takesAnAxis).count();
    int axis = 0;
    for (int i = 0; i < kinds.size(); i++) {
      String kind = kinds.get(i);
      elements.add(new Element(kind, axis, arguments.get(i)));
      if (kind.equals(TracingIndexer.ELLIPSIS)) {
        axis += call.receiver().rank() - (int) taken;
      } else if (takesAnAxis(kind)) {
        axis++;
      }
    }
    return elements;
  }

  private static final Object NONE = new Object();

  private static boolean takesAnAxis(String kind) {
    return !kind.equals(TracingIndexer.ELLIPSIS) && !kind.equals(TracingIndexer.NEW_AXIS);
  }

  /** Slices as ONNX does: negative bounds count from the end, and bounds beyond it are cut. */
  private static String slices(List<Element> elements, Call call, GraphBuilder graph) {
    List<DimExpr> starts = new ArrayList<>();
    List<DimExpr> ends = new ArrayList<>();
    List<Long> axes = new ArrayList<>();
    List<DimExpr> steps = new ArrayList<>();
    for (Element element : elements) {
      if (element.kind().equals(TracingIndexer.SLICE)) {
        starts.add(bound(element.argument(0), DimExpr.of(0)));
        ends.add(bound(element.argument(1), END));
        axes.add((long) element.axis());
        steps.add(bound(element.argument(2), DimExpr.of(1)));
      }
    }
    if (axes.isEmpty()) {
      return graph.name(call.receiver());
    }
    return graph
        .node("Slice", call)
        .input(call.receiver())
        .input(graph.shape(starts))
        .input(graph.shape(ends))
        .input(graph.constant(axes))
        .input(graph.shape(steps))
        .output();
  }

  private static DimExpr bound(Object given, DimExpr otherwise) {
    return given instanceof DimExpr bound ? bound : otherwise;
  }

  /** Returns where new axes are in the result. */
  private static List<Long> newAxes(List<Element> elements) {
    List<Long> added = new ArrayList<>();
    long shift = 0; // of an axis of the receiver to one of the result
    for (Element element : elements) {
      switch (element.kind()) {
        case TracingIndexer.NEW_AXIS -> added.add(element.axis() + shift++);
        case TracingIndexer.FIXED -> shift--;
        case TracingIndexer.TAKE -> shift += ((Value) element.argument(0)).rank() - 1;
        default -> {}
      }
    }
    return added;
  }

  /**
   * diagonal(), diagonal(offset) or diagonal(offset, axis1, axis2): flattens rows and columns into
   * one axis and takes elements one row and one column apart.
   */
  private static void diagonal(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    int rank = x.rank();
    long offset = call.arguments().isEmpty() ? 0 : call.literal(0);
    boolean hasAxes = call.arguments().size() == 3;
    int rows = hasAxes ? call.axis(1, rank) : 0;
    int columns = hasAxes ? call.axis(2, rank) : 1;
    List<Long> order = new ArrayList<>();
    for (long axis = 0; axis < rank; axis++) {
      if (axis != rows && axis != columns) {
        order.add(axis);
      }
    }
    order.add((long) rows);
    order.add((long) columns);
    List<DimExpr> source = order.stream().map(axis -> x.shape().get(axis.intValue())).toList();
    DimExpr width = source.get(rank - 1);
    DimExpr height = source.get(rank - 2);
    if (!height.minus(width).isConstant()) {
      // In the trace one of them was the shorter; at other sizes it may be the other.
      throw call.unsupported(
          "axes of %s and %s, as its length is the shorter of them; slice both to one size before"
              .formatted(height, width));
    }
    List<DimExpr> flat = new ArrayList<>(source.subList(0, rank - 2));
    flat.add(height.times(width));
    DimExpr first = offset < 0 ? width.times(DimExpr.of(-offset)) : DimExpr.of(offset);
    DimExpr step = width.plus(DimExpr.of(1));
    DimExpr count = call.result().shape().get(rank - 2);
    String line =
        graph
            .node("Reshape", call)
            .input(graph.node("Transpose", call).input(x).attribute("perm", order).output())
            .input(ShapeTranslators.target(source, flat, graph))
            .output();
    String indices = steps(first, first.plus(count.times(step)), step, call, graph);
    gather(line, indices, rank - 2, call, graph).output(call.result());
  }

  /** Returns the name of the numbers from {@code first} to below {@code end}. */
  private static String steps(
      DimExpr first, DimExpr end, DimExpr step, Call call, GraphBuilder graph) {
    return graph
        .node("Range", call)
        .input(graph.scalar(first, DataType.INT64))
        .input(graph.scalar(end, DataType.INT64))
        .input(graph.scalar(step, DataType.INT64))
        .output();
  }

  private static NodeBuilder gather(
      String x, String index, long axis, Call call, GraphBuilder graph) {
    return graph.node("Gather", call).input(x).input(index).attribute("axis", axis);
  }

  /** Returns the name of the indices in a type that ONNX takes. */
  private static String index(Call call, GraphBuilder graph, Value index) {
    return Promotion.cast(call, graph, graph.name(index), index.type(), DataType.INT64);
  }

  /** Picks along one axis, by one index for each row or an array of the receiver's rank. */
  private static void pick(List<Element> elements, Call call, GraphBuilder graph) {
    Element pick =
        elements.stream()
            .filter(e -> e.kind().equals(TracingIndexer.PICK))
            .findFirst()
            .orElseThrow();
    Value indices = (Value) pick.argument(0);
    String index = index(call, graph, indices);
    int rank = call.receiver().rank();
    boolean others =
        elements.stream().anyMatch(e -> !e.equals(pick) && !e.kind().equals(TracingIndexer.ALL));
    if (others || (indices.rank() != rank && indices.rank() != 1)) {
      throw call.unsupported("a pick beside other elements, or of this shape; use gather");
    }
    if (indices.rank() != rank) {
      List<Long> shape = new ArrayList<>(Collections.nCopies(rank, 1L));
      shape.set(0, -1L);
      index = graph.node("Reshape", call).input(index).input(graph.constant(shape)).output();
    }
    gatherElements(index, pick.axis(), call, graph);
  }

  /** gather(index, axis). */
  private static void gather(Call call, GraphBuilder graph) {
    String index = index(call, graph, call.array(0));
    gatherElements(index, call.axis(1, call.receiver().rank()), call, graph);
  }

  private static void gatherElements(String index, long axis, Call call, GraphBuilder graph) {
    graph
        .node("GatherElements", call)
        .input(call.receiver())
        .input(index)
        .attribute("axis", axis)
        .output(call.result());
  }

  /**
   * gatherNd(index): axis 0 of the index holds the coordinates on the first axes of the receiver.
   * As in the engine, these axes are joined into one, and each tuple of coordinates into one index.
   */
  private static void gatherNd(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    Value coordinates = call.array(0);
    int depth = Math.toIntExact(call.literal(coordinates.shape().get(0)));
    String index = index(call, graph, coordinates);
    if (depth == 1) {
      String only = graph.node("Squeeze", call).input(index).input(graph.constant(0)).output();
      gather(graph.name(x), only, 0, call, graph).output(call.result());
      return;
    }
    List<DimExpr> strides = new ArrayList<>();
    DimExpr stride = DimExpr.of(1);
    for (int axis = depth - 1; axis >= 0; axis--) {
      strides.add(0, stride);
      stride = stride.times(x.shape().get(axis));
    }
    List<Long> along = new ArrayList<>(Collections.nCopies(coordinates.rank(), 1L));
    along.set(0, (long) depth);
    String factors =
        graph
            .node("Reshape", call)
            .input(graph.shape(strides))
            .input(graph.constant(along))
            .output();
    String products = graph.node("Mul", call).input(index).input(factors).output();
    String linear =
        graph
            .node("ReduceSum", call)
            .input(products)
            .input(graph.constant(0))
            .attribute("keepdims", 0L)
            .output();
    List<DimExpr> joined = new ArrayList<>();
    joined.add(stride);
    joined.addAll(x.shape().subList(depth, x.rank()));
    String flat =
        graph
            .node("Reshape", call)
            .input(x)
            .input(ShapeTranslators.target(List.of(), joined, graph))
            .output();
    gather(flat, linear, 0, call, graph).output(call.result());
  }

  /** take(manager, index): elements of the flattened array. */
  private static void take(Call call, GraphBuilder graph) {
    int last = call.arguments().size() - 1;
    String flat = flat(graph.name(call.receiver()), call, graph);
    String index = index(call, graph, call.array(last));
    gather(flat, index, 0, call, graph).output(call.result());
  }

  /** put(index, values) into a copy of the receiver; indices refer to the flattened array. */
  private static void put(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    Value index = call.array(0);
    Value values = call.array(1);
    if (values.type() != x.type()) {
      throw call.unsupported("values %s; expected the type of the receiver".formatted(values));
    }
    String written =
        graph
            .node("ScatterElements", call)
            .input(flat(graph.name(x), call, graph))
            .input(flat(index(call, graph, index), call, graph))
            .input(flat(graph.name(values), call, graph))
            .attribute("axis", 0L)
            .output();
    graph
        .node("Reshape", call)
        .input(written)
        .input(ShapeTranslators.target(List.of(), x.shape(), graph))
        .output(call.result());
  }

  private static String flat(String x, Call call, GraphBuilder graph) {
    return graph.node("Reshape", call).input(x).input(graph.constant(-1)).output();
  }

  /** scatter(index, value, axis) into a copy of the receiver. */
  private static void scatter(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    Value index = call.array(0);
    Value values = call.array(1);
    if (!index.shape().equals(values.shape()) || values.type() != x.type()) {
      throw call.unsupported(
          "values %s at indices %s; expected the same shape, and the receiver's type"
              .formatted(values, index));
    }
    graph
        .node("ScatterElements", call)
        .input(x)
        .input(index(call, graph, index))
        .input(values)
        .attribute("axis", call.axis(2, x.rank()))
        .output(call.result());
  }

  /** oneHot(depth) or oneHot(depth, type): 1 where the index points along a new last axis. */
  private static void oneHot(Call call, GraphBuilder graph) {
    long depth = call.literal(0);
    if (depth < 1 || call.arguments().size() > 2) {
      throw call.unsupported("depth %d, or values other than 1 and 0".formatted(depth));
    }
    var manager = call.receiver().traced().array().getManager(); // lives until the file is written
    String values = graph.initializer("one_hot", manager.create(new float[] {0, 1}));
    NodeBuilder node =
        graph
            .node("OneHot", call)
            .input(index(call, graph, call.receiver()))
            .input(graph.scalar(DimExpr.of(depth), DataType.INT64))
            .input(values);
    Promotion.finish(call, graph, node, DataType.FLOAT32, call.result());
  }
}
