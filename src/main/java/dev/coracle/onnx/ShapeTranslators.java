// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What gives the same numbers another shape. */
final class ShapeTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of("NDArray.reshape", ShapeTranslators::reshape);

  private ShapeTranslators() {}

  static void reshape(Call call, GraphBuilder graph) {
    graph
        .node("Reshape", call)
        .input(call.receiver())
        .input(target(call.receiver().shape(), call.result().shape(), graph))
        .output(call.result());
  }

  /**
   * Returns the name of Reshape's target. It takes 0 for "as in the input" and one −1 for "what is
   * left", which expresses a dynamic axis that stays where it is, or one axis that is made of
   * several; others are computed from the sizes of the inputs. The shape that came out says more
   * than the argument of the call, which may have a −1 of its own.
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
}
