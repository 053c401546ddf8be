// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.ShapeInference.one;

import dev.coracle.onnx.ShapeInference.Rule;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shapes of convolutions and pools of (N,C,d1…dk) arrays. */
final class WindowShapes {

  /** Returns the rule of an operator, or null. */
  static @Nullable Rule of(String operator) {
    return switch (operator) {
      case "Conv" -> WindowShapes::convolution;
      case "MaxPool", "AveragePool", "LpPool" -> WindowShapes::pool;
      case "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool" -> WindowShapes::globalPool;
      default -> null;
    };
  }

  private WindowShapes() {}

  private static @Nullable List<List<Long>> convolution(NodeFacts node) {
    node.requireRank(0, 3, Integer.MAX_VALUE);
    List<Long> input = node.dims(0);
    node.requireRank(1, input.size(), input.size());
    List<Long> weight = node.dims(1);
    long groups = node.integer("group", 1);
    long filters = weight.get(0);
    if (groups < 1 || weight.get(1) * groups != input.get(1) || filters % groups != 0) {
      throw node.wrong(
          "a weight for %d channels in %d groups, found shape %s"
              .formatted(input.get(1), groups, weight));
    }
    if (node.has(2)) {
      node.requireDims(2, List.of(filters));
    }
    List<Long> kernel = weight.subList(2, weight.size());
    List<Long> stated = node.integers("kernel_shape");
    if (stated != null && !stated.equals(kernel)) {
      throw node.wrong("kernel_shape %s, found %s".formatted(kernel, stated));
    }
    return windows(node, filters, kernel);
  }

  private static @Nullable List<List<Long>> pool(NodeFacts node) {
    node.requireRank(0, 3, Integer.MAX_VALUE);
    List<Long> kernel = node.integers("kernel_shape", node.rank(0) - 2, 1);
    List<List<Long>> output = windows(node, node.dims(0).get(1), kernel);
    return output == null ? null : List.of(output.get(0), output.get(0)); // MaxPool's indices
  }

  private static @Nullable List<List<Long>> windows(
      NodeFacts node, long channels, List<Long> kernel) {
    if (!node.text("auto_pad", "NOTSET").equals("NOTSET")) {
      return null; // the exporter writes pads; a user's translator may not
    }
    int axes = kernel.size();
    List<Long> pads = node.integers("pads", 2 * axes, 0);
    List<Long> strides = node.integers("strides", axes, 1);
    List<Long> dilations = node.integers("dilations", axes, 1);
    List<Long> output = new ArrayList<>(List.of(node.dims(0).get(0), channels));
    for (int i = 0; i < axes; i++) {
      long size = node.dims(0).get(i + 2);
      long window = dilations.get(i) * (kernel.get(i) - 1) + 1;
      long room = size + pads.get(i) + pads.get(i + axes) - window;
      long stride = strides.get(i);
      if (room < 0 || stride < 1 || kernel.get(i) < 1 || dilations.get(i) < 1) {
        throw node.wrong(
            "windows that fit in %s, found kernel %s, strides %s, pads %s, dilations %s"
                .formatted(node.dims(0), kernel, strides, pads, dilations));
      }
      long count = room / stride + 1;
      if (node.integer("ceil_mode", 0) == 1 && room % stride != 0) {
        // A last window that starts in the padding after the array does not count.
        count += count * stride < size + pads.get(i) ? 1 : 0;
      }
      output.add(count);
    }
    return one(output);
  }

  private static List<List<Long>> globalPool(NodeFacts node) {
    node.requireRank(0, 3, Integer.MAX_VALUE);
    List<Long> output = new ArrayList<>(node.dims(0).subList(0, 2));
    while (output.size() < node.rank(0)) {
      output.add(1L);
    }
    return one(output);
  }
}
