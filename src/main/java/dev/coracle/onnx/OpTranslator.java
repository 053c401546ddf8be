// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

/**
 * Writes one DJL call as ONNX nodes. Custom translators are passed to {@link
 * OnnxExporter#translator}, or found as a service: see {@link OpTranslators}.
 *
 * <p>A translator must handle every argument of its call or refuse with {@link Call#unsupported},
 * since a wrong graph without an error is the worst possible outcome.
 */
@FunctionalInterface
public interface OpTranslator {

  /**
   * Adds to {@code graph} the nodes that compute the results of {@code call}.
   *
   * @throws ExportException when these arguments have no ONNX counterpart
   */
  void translate(Call call, GraphBuilder graph);
}
