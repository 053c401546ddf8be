// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Operations for single-shot detection. */
final class DetectionTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.multiBoxPrior" -> DetectionTranslators::multiBoxPrior;
      default -> null;
    };
  }

  private DetectionTranslators() {}

  /**
   * multiBoxPrior(sizes, ratios, steps, offsets, clip). The anchors follow from the height and
   * width of the receiver alone, so they are computed at export.
   */
  private static void multiBoxPrior(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    call.requireRank(x, 4);
    call.literal(x.shape().get(2));
    call.literal(x.shape().get(3));
    NDArray anchors =
        x.traced()
            .array()
            .getNDArrayInternal()
            .multiBoxPrior(
                floats(call, 0), floats(call, 1), floats(call, 2), floats(call, 3), call.flag(4))
            .singletonOrThrow();
    graph.alias(call.result(), graph.initializer("anchors", anchors));
  }

  private static List<Float> floats(Call call, int index) {
    List<Float> floats = new ArrayList<>(); // the engine may write into them
    ((List<?>) call.require(index)).forEach(number -> floats.add((Float) number));
    return floats;
  }
}
