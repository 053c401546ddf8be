// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

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
   * @throws ExportException if a service translates a method that there is not
   */
  Translators(Map<String, OpTranslator> own) {
    for (OpTranslators found : ServiceLoader.load(OpTranslators.class)) {
      Map<String, OpTranslator> translators = found.byMethod();
      for (String method : translators.keySet()) {
        try {
          requireExists(method);
        } catch (IllegalArgumentException e) {
          throw new ExportException(
              "the service %s has a translator for %s"
                  .formatted(found.getClass().getName(), e.getMessage()),
              e);
        }
      }
      byMethod.putAll(translators);
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
    for (Value result : call.results()) {
      if (graph.lacks(result)) {
        throw new ExportException(
            "the translator of %s (called at %s) left result %d of the call unset; expected it to end with NodeBuilder.output(call.result()), or with GraphBuilder.alias"
                .formatted(call.method(), call.location(), call.results().indexOf(result)));
      }
    }
  }

  /** Refuses the name of a method that is never recorded, so that no translator could be used. */
  static void requireExists(String method) {
    Set<String> names = new TreeSet<>();
    for (Class<?> type : List.of(NDArray.class, NDArrayEx.class)) {
      for (Method each : type.getMethods()) {
        if (each.getDeclaringClass() == type
            && !Modifier.isStatic(each.getModifiers())
            && StandIns.givesArrays(each)) {
          names.add(StandIns.nameOf(each));
        }
      }
    }
    if (!names.contains(method)) {
      List<String> near =
          names.stream().filter(n -> last(n).equalsIgnoreCase(last(method))).toList();
      throw new IllegalArgumentException(
          "no method '%s' that returns arrays; expected interface and name, %s"
              .formatted(
                  method,
                  near.isEmpty()
                      ? "such as NDArray.erfinv: docs/onnx-operators.md lists them"
                      : "such as " + String.join(" or ", near)));
    }
  }

  private static String last(String method) {
    return method.substring(method.lastIndexOf('.') + 1);
  }
}
