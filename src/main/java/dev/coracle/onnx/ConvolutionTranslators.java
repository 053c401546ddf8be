// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Convolutions of (N,C,d1…dk) arrays. */
final class ConvolutionTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.convolution" -> ConvolutionTranslators::convolution;
      default -> null;
    };
  }

  private ConvolutionTranslators() {}

  /** convolution(input, weight, bias, stride, padding, dilation, groups); weight (O,I/g,k…). */
  private static void convolution(Call call, GraphBuilder graph) {
    Value weight = call.array(1);
    int axes = spatialAxes(call, call.array(0));
    call.requireRank(weight, axes + 2);
    call.requireFloat32(weight); // ONNX Runtime's CPU provider has no other convolution
    List<DimExpr> kernel = weight.shape().subList(2, axes + 2);
    graph
        .node("Conv", call)
        .input(call.array(0))
        .input(weight)
        .optionalInput(call.optionalArray(2))
        .attribute("dilations", sizes(call, call.dims(5), axes))
        .attribute("group", call.literal(6))
        .attribute("kernel_shape", sizes(call, kernel, axes))
        .attribute("pads", bothSides(sizes(call, call.dims(4), axes)))
        .attribute("strides", sizes(call, call.dims(3), axes))
        .output(call.result());
  }

  /** Checks that an array is floating and of shape (N,C,d1…dk), and returns k. */
  static int spatialAxes(Call call, Value input) {
    call.requireFloating(input);
    if (input.rank() < 3) {
      throw call.unsupported("an input of shape " + input.shape() + "; expected (N,C,d1…)");
    }
    return input.rank() - 2;
  }

  /** Returns one size for each spatial axis, and refuses PyTorch's one size for all. */
  static List<Long> sizes(Call call, List<DimExpr> dims, int axes) {
    if (dims.size() != axes) {
      throw call.unsupported(
          "%s where the input has %d axes after (N,C); give one for each".formatted(dims, axes));
    }
    return dims.stream().map(call::literal).toList();
  }

  /** ONNX lists the padding before all axes, then the padding after all axes. */
  static List<Long> bothSides(List<Long> padding) {
    List<Long> both = new ArrayList<>(padding);
    both.addAll(padding);
    return Collections.unmodifiableList(both);
  }
}
