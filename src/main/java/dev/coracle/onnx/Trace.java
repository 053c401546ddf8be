// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDManager;
import java.util.List;

/** Everything that one forward pass did, at one size of each dynamic axis; must be closed. */
record Trace(
    List<TracedValue> inputs, List<TracedCall> calls, List<TracedValue> outputs, NDManager memory)
    implements AutoCloseable {

  @Override
  public void close() {
    memory.close();
  }
}
