// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/**
 * Knows which translator belongs to a call, by its recorded name. Nothing else in the exporter
 * knows operators.
 */
final class Translators {

  /** For messages. */
  static final String ADVICE =
      "docs/onnx-operators.md lists what has one, and OnnxExporter.translator adds another";

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
    OWN.putAll(ComparisonTranslators.BY_METHOD);
    OWN.putAll(ReductionTranslators.BY_METHOD);
    OWN.putAll(MatrixTranslators.BY_METHOD);
    OWN.putAll(ShapeTranslators.BY_METHOD);
    OWN.putAll(RecurrentTranslators.BY_METHOD);
    OWN.putAll(JoinTranslators.BY_METHOD);
    OWN.putAll(IndexTranslators.BY_METHOD);
    OWN.putAll(OrderTranslators.BY_METHOD);
    OWN.putAll(DetectionTranslators.BY_METHOD);
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

  /** Returns the names of the calls that the exporter itself translates. */
  static Set<String> own() {
    return Collections.unmodifiableSet(OWN.keySet());
  }

  void translate(Call call, GraphBuilder graph) {
    OpTranslator translator = byMethod.get(call.method());
    if (translator == null) {
      throw call.unsupported("constants that change with the size of an axis; " + ADVICE);
    }
    translator.translate(call, graph);
  }
}
