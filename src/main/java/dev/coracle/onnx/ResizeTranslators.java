// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Interpolation between elements. */
final class ResizeTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.interpolation" -> ResizeTranslators::interpolation;
      case "NDArrayEx.resize" -> ResizeTranslators::resize;
      default -> null;
    };
  }

  /** Modes, by their position in DJL's Image.Interpolation. */
  private static final int NEAREST = 0;

  private static final int BILINEAR = 1;

  private ResizeTranslators() {}

  /** interpolation(size, mode, alignCorners) of (N,C,d1…dk); PyTorch's engine aligns none. */
  private static void interpolation(Call call, GraphBuilder graph) {
    Value input = call.receiver();
    call.requireFloat32(input);
    resize(graph.name(input), input.shape(), call.result().shape(), call.literal(1), call, graph)
        .output(call.result());
  }

  /** resize(width, height, mode) of (N,H,W,C) or (H,W,C). */
  private static void resize(Call call, GraphBuilder graph) {
    Value input = call.receiver();
    call.requireFloat32(input);
    boolean batched = input.rank() == 4;
    List<Long> toFront = batched ? List.of(0L, 3L, 1L, 2L) : List.of(2L, 0L, 1L);
    List<Long> toBack = batched ? List.of(0L, 2L, 3L, 1L) : List.of(1L, 2L, 0L);
    String channelsFirst =
        graph.node("Transpose", call).input(input).attribute("perm", toFront).output();
    List<DimExpr> from = toFront.stream().map(i -> input.shape().get(i.intValue())).toList();
    List<DimExpr> to = toFront.stream().map(i -> call.result().shape().get(i.intValue())).toList();
    String resized = resize(channelsFirst, from, to, call.literal(2), call, graph).output();
    graph.node("Transpose", call).input(resized).attribute("perm", toBack).output(call.result());
  }

  private static NodeBuilder resize(
      String input,
      List<DimExpr> from,
      List<DimExpr> to,
      long mode,
      Call call,
      GraphBuilder graph) {
    if (mode != NEAREST && mode != BILINEAR) {
      throw call.unsupported("interpolation mode %d; expected nearest or bilinear".formatted(mode));
    }
    for (int axis = 0; axis < from.size(); axis++) {
      if (!from.get(axis).equals(to.get(axis))) {
        requireEqualRules(mode, call.literal(from.get(axis)), call.literal(to.get(axis)), call);
      }
    }
    NodeBuilder node =
        graph.node("Resize", call).input(input).noInput().noInput().input(graph.shape(to));
    return mode == BILINEAR
        ? node.attribute("mode", "linear").attribute("coordinate_transformation_mode", "half_pixel")
        : node.attribute("mode", "nearest")
            .attribute("coordinate_transformation_mode", "asymmetric")
            .attribute("nearest_mode", "floor");
  }

  /** Refuses sizes at which ONNX would take other elements than DJL. */
  private static void requireEqualRules(long mode, long from, long to, Call call) {
    long larger = Math.max(from, to);
    long smaller = Math.min(from, to);
    // PyTorch multiplies by the inverse of ONNX's divisor, and so rounds differently.
    if (mode == NEAREST && (larger % smaller != 0 || Long.bitCount(larger / smaller) != 1)) {
      throw call.unsupported(
          "nearest interpolation of %d elements to %d; expected a power of two times as many, or as few"
              .formatted(from, to));
    }
    if (mode == BILINEAR && to < from) { // DJL's PyTorch engine smooths first; ONNX does from 18 on
      throw call.unsupported(
          "bilinear interpolation of %d elements to %d; expected as many or more"
              .formatted(from, to));
    }
  }
}
