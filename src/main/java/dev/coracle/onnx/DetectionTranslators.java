// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What single-shot detection needs. */
final class DetectionTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of("NDArrayEx.multiBoxPrior", DetectionTranslators::multiBoxPrior);

  private DetectionTranslators() {}

  /**
   * multiBoxPrior(sizes, ratios, steps, offsets, clip). The anchors follow from the height and
   * width of the receiver alone, so they are worked out here.
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
