// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import java.util.Locale;

/**
 * An array in a trace.
 *
 * @param id counts from 0 in the order of appearance, so that equal programs give equal ids
 * @param name of an input or parameter; empty for others
 * @param dependsOnInput whether its content follows from an input rather than from constants alone
 * @param array has the right shape and type, and unless it depends on an input also the right
 *     content; owned by the trace
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
