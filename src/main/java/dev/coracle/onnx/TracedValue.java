// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import java.util.Locale;

/**
 * An array that a trace knows.
 *
 * @param id counts from 0 in the order of appearance, so that equal programs give equal ids
 * @param name of an input or parameter; empty for others
 * @param dependsOnInput whether its content follows from an input rather than from constants alone
 * @param array of the right shape and type; of the right content too where that does not depend on
 *     an input; owned by the trace
 */
record TracedValue(int id, Kind kind, String name, boolean dependsOnInput, NDArray array) {

  enum Kind {
    INPUT,
    PARAMETER,
    CONSTANT,
    RESULT
  }

  String label() {
    return kind.name().toLowerCase(Locale.ROOT) + " " + (name.isEmpty() ? "#" + id : name);
  }

  @Override
  public String toString() {
    return "%s %s %s".formatted(label(), array.getShape(), array.getDataType());
  }
}
