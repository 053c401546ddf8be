// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

/** Writes one DJL call as ONNX nodes. */
@FunctionalInterface
interface OpTranslator {

  /**
   * Adds to {@code graph} the nodes that compute the results of {@code call}.
   *
   * @throws ExportException when these arguments have no ONNX counterpart
   */
  void translate(SymbolicTrace.Call call, GraphBuilder graph);
}
