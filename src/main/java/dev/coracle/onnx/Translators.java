// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Knows which translator belongs to a call, by its recorded name. Nothing else in the exporter
 * knows operators.
 */
final class Translators {

  /** The exporter's own. */
  private static final Map<String, OpTranslator> OWN = new TreeMap<>();

  static {
    OWN.putAll(ConvolutionTranslators.BY_METHOD);
    OWN.putAll(PoolingTranslators.BY_METHOD);
    OWN.putAll(LinearTranslators.BY_METHOD);
    OWN.putAll(NormalizationTranslators.BY_METHOD);
    OWN.putAll(ResizeTranslators.BY_METHOD);
    OWN.putAll(ActivationTranslators.BY_METHOD);
    OWN.putAll(ArithmeticTranslators.BY_METHOD);
    OWN.putAll(ShapeTranslators.BY_METHOD);
    OWN.putAll(RecurrentTranslators.BY_METHOD);
  }

  private final Map<String, OpTranslator> byMethod = new HashMap<>(OWN);

  /**
   * Adds translators to the exporter's own.
   *
   * @param own the caller's, which go before those that are found as services
   */
  Translators(Map<String, OpTranslator> own) {
    for (OpTranslators found : ServiceLoader.load(OpTranslators.class)) {
      byMethod.putAll(found.byMethod());
    }
    byMethod.putAll(own);
  }

  /** Tells whether calls of a recorded name have a translation, for some of their arguments. */
  boolean isTranslated(String method) {
    return byMethod.containsKey(method);
  }

  /** Lists what is translated, for messages. */
  static String known() {
    return "translated are " + String.join(", ", new TreeSet<>(OWN.keySet()));
  }

  void translate(Call call, GraphBuilder graph) {
    OpTranslator translator = byMethod.get(call.method());
    if (translator == null) {
      throw call.unsupported("constants that change with the size of an axis; " + known());
    }
    translator.translate(call, graph);
  }
}
