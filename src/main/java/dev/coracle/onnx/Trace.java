// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.List;

/** Everything that one forward pass did, at one batch size. Its arrays live until it is closed. */
record Trace(
    long batch,
    List<TracedValue> inputs,
    List<TracedCall> calls,
    List<TracedValue> outputs,
    AutoCloseable memory)
    implements AutoCloseable {

  @Override
  public void close() {
    try {
      memory.close();
    } catch (Exception e) {
      throw new ExportException("cannot free the arrays of a trace: " + e.getMessage(), e);
    }
  }
}
