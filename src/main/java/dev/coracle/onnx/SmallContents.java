// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongBinaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Tracks through a graph the integers from which shapes are computed: sizes, targets of Reshape,
 * bounds of slices.
 */
final class SmallContents {

  /** Shapes have no more elements; an array with more is data. */
  private static final int MAX = 64;

  private SmallContents() {}

  /** Returns the content of an initializer if it could be part of a shape, or null. */
  static @Nullable List<Long> of(Initializer initializer) {
    if ((initializer.type() != DataType.INT64 && initializer.type() != DataType.INT32)
        || initializer.dims().size() > 1
        || ArrayFact.size(initializer.dims()) > MAX) {
      return null;
    }
    ByteBuffer data = initializer.bytes().order(ByteOrder.LITTLE_ENDIAN);
    List<Long> content = new ArrayList<>();
    while (data.hasRemaining()) {
      content.add(initializer.type() == DataType.INT64 ? data.getLong() : data.getInt());
    }
    return content;
  }

  /**
   * Returns the content of a node's output, or null where it is not known.
   *
   * @param dims of the output
   */
  static @Nullable List<Long> of(NodeFacts node, List<Long> dims) {
    if (dims.size() > 1 || ArrayFact.size(dims) > MAX) {
      return null;
    }
    return switch (node.node().getOpType()) {
      case "Shape" -> LayoutShapes.shapeOf(node);
      case "Size" -> List.of(ArrayFact.size(node.dims(0)));
      // A cast to a floating type and back keeps sizes; one to bool is used by no shape.
      case "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten" -> node.content(0);
      case "Cast" -> cast(node);
      case "Neg" -> map(node, dims, (a, zero) -> -a);
      case "Add" -> map(node, dims, Long::sum);
      case "Sub" -> map(node, dims, (a, b) -> a - b);
      case "Mul" -> map(node, dims, (a, b) -> a * b);
      case "Div" -> hasZero(node) ? null : map(node, dims, (a, b) -> a / b);
      case "Min" -> node.inputs().size() == 2 ? map(node, dims, Math::min) : null;
      case "Max" -> node.inputs().size() == 2 ? map(node, dims, Math::max) : null;
      case "Concat" -> concat(node);
      case "Gather" -> gather(node);
      case "Slice" -> slice(node);
      case "Expand" -> node.content(0) == null ? null : repeat(node.content(0), dims);
      case "Range" -> range(node, dims);
      case "ConstantOfShape" -> filled(node, dims);
      case "ReduceProd" -> node.rank(0) == 1 ? product(node.content(0)) : null;
      default -> null;
    };
  }

  private static @Nullable List<Long> cast(NodeFacts node) {
    long to = node.integer("to", 0);
    boolean whole =
        to == TensorProto.DataType.INT64_VALUE || to == TensorProto.DataType.INT32_VALUE;
    return whole ? node.content(0) : null;
  }

  private static boolean hasZero(NodeFacts node) {
    List<Long> divisors = node.content(1);
    return divisors == null || divisors.contains(0L);
  }

  private static @Nullable List<Long> map(
      NodeFacts node, List<Long> dims, LongBinaryOperator operator) {
    List<Long> left = node.content(0);
    List<Long> right = node.has(1) ? node.content(1) : List.of(0L);
    if (left == null || right == null) {
      return null;
    }
    List<Long> result = new ArrayList<>();
    for (int i = 0; i < ArrayFact.size(dims); i++) {
      result.add(
          operator.applyAsLong(
              left.get(left.size() == 1 ? 0 : i), right.get(right.size() == 1 ? 0 : i)));
    }
    return result;
  }

  private static @Nullable List<Long> concat(NodeFacts node) {
    List<Long> all = new ArrayList<>();
    for (int input = 0; input < node.inputs().size(); input++) {
      List<Long> part = node.content(input);
      if (part == null) {
        return null;
      }
      all.addAll(part);
    }
    return all;
  }

  private static @Nullable List<Long> gather(NodeFacts node) {
    List<Long> data = node.content(0);
    List<Long> indices = node.content(1);
    if (data == null || indices == null || node.rank(0) != 1) {
      return null;
    }
    return indices.stream().map(index -> data.get(node.axis(index, data.size()))).toList();
  }

  /** The shape has been inferred, so the bounds are known and valid. */
  private static @Nullable List<Long> slice(NodeFacts node) {
    List<Long> data = node.content(0);
    List<Long> steps = node.has(4) ? node.content(4) : List.of(1L);
    List<Long> starts = node.content(1);
    List<Long> ends = node.content(2);
    if (data == null || steps == null || starts == null || ends == null || steps.get(0) != 1) {
      return null;
    }
    long start = starts.get(0) < 0 ? starts.get(0) + data.size() : starts.get(0);
    long end = ends.get(0) < 0 ? ends.get(0) + data.size() : ends.get(0);
    int from = (int) Math.max(0, Math.min(data.size(), start));
    return data.subList(from, (int) Math.max(from, Math.min(data.size(), end)));
  }

  private static @Nullable List<Long> repeat(@Nullable List<Long> content, List<Long> dims) {
    int size = (int) ArrayFact.size(dims);
    return content == null || content.size() == size || content.size() != 1
        ? content
        : Collections.nCopies(size, content.get(0));
  }

  private static @Nullable List<Long> range(NodeFacts node, List<Long> dims) {
    List<Long> start = node.content(0);
    List<Long> step = node.content(2);
    if (start == null || step == null) {
      return null;
    }
    return LongStream.range(0, dims.get(0))
        .map(i -> start.get(0) + i * step.get(0))
        .boxed()
        .toList();
  }

  private static @Nullable List<Long> filled(NodeFacts node, List<Long> dims) {
    for (AttributeProto attribute : node.node().getAttributeList()) {
      TensorProto value = attribute.getT();
      if (attribute.getName().equals("value")
          && value.getDataType() == TensorProto.DataType.INT64_VALUE
          && value.getRawData().size() == Long.BYTES) {
        ByteBuffer data = value.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        return Collections.nCopies((int) ArrayFact.size(dims), data.getLong());
      }
    }
    return null;
  }

  private static @Nullable List<Long> product(@Nullable List<Long> content) {
    return content == null ? null : List.of(ArrayFact.size(content));
  }
}
