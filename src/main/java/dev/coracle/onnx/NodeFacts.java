// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A node whose output shapes are to be inferred.
 *
 * @param inputs null for omitted ones; the shapes of the others are known
 */
record NodeFacts(NodeProto node, int opset, List<@Nullable ArrayFact> inputs) {

  boolean has(int input) {
    return input < inputs.size() && inputs.get(input) != null;
  }

  List<Long> dims(int input) {
    return Objects.requireNonNull(fact(input).dims());
  }

  int rank(int input) {
    return dims(input).size();
  }

  /** Returns the elements of an input, or null where they are not known. */
  @Nullable List<Long> content(int input) {
    return fact(input).content();
  }

  private ArrayFact fact(int input) {
    if (!has(input)) {
      throw wrong("input %d, found none".formatted(input));
    }
    return Objects.requireNonNull(inputs.get(input));
  }

  private @Nullable AttributeProto attribute(String name) {
    return node.getAttributeList().stream()
        .filter(attribute -> attribute.getName().equals(name))
        .findFirst()
        .orElse(null);
  }

  boolean hasAttribute(String name) {
    return attribute(name) != null;
  }

  long integer(String name, long otherwise) {
    AttributeProto attribute = attribute(name);
    return attribute == null ? otherwise : attribute.getI();
  }

  String text(String name, String otherwise) {
    AttributeProto attribute = attribute(name);
    return attribute == null ? otherwise : attribute.getS().toStringUtf8();
  }

  /** Returns a list of integers, of a given length. */
  List<Long> integers(String name, int length, long otherwise) {
    AttributeProto attribute = attribute(name);
    if (attribute == null) {
      return Collections.nCopies(length, otherwise);
    }
    if (attribute.getIntsCount() != length) {
      throw wrong("%d values of %s, found %s".formatted(length, name, attribute.getIntsList()));
    }
    return attribute.getIntsList();
  }

  @Nullable List<Long> integers(String name) {
    AttributeProto attribute = attribute(name);
    return attribute == null ? null : attribute.getIntsList();
  }

  /** Returns an axis counted from 0. */
  int axis(long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw wrong("an axis from %d to %d, found %d".formatted(-rank, rank - 1, axis));
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  /** Returns distinct axes counted from 0, in ascending order. */
  List<Integer> axes(List<Long> axes, int rank) {
    List<Integer> counted = axes.stream().map(axis -> axis(axis, rank)).sorted().toList();
    if (counted.stream().distinct().count() != counted.size()) {
      throw wrong("each axis once, found " + axes);
    }
    return counted;
  }

  static List<Long> allAxes(int rank) {
    return LongStream.range(0, rank).boxed().toList();
  }

  void requireRank(int input, int least, int most) {
    int rank = rank(input);
    if (rank < least || rank > most) {
      throw wrong(
          "input %d of rank %s, found shape %s"
              .formatted(input, least == most ? least : least + " or more", dims(input)));
    }
  }

  void requireDims(int input, List<Long> expected) {
    if (!dims(input).equals(expected)) {
      throw wrong("input %d of shape %s, found %s".formatted(input, expected, dims(input)));
    }
  }

  /** Makes the exception for a node that ONNX forbids; {@code what} follows "expected". */
  ExportException wrong(String what) {
    return GraphChecker.fault(node, "expected " + what);
  }
}
