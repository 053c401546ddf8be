// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Map;

/**
 * Translators that {@link java.util.ServiceLoader} finds; they take precedence over the exporter's
 * own.
 */
public interface OpTranslators {

  /** Returns translators by the name of the call, such as {@code NDArray.erfinv}. */
  Map<String, OpTranslator> byMethod();
}
