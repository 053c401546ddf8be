// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finds the translator of a call by its recorded name. */
final class Translators {

  /** For messages. */
  static final String ADVICE =
      "docs/onnx-operators.md lists what has one, and OnnxExporter.translator adds another";

  /**
   * The exporter's own translators, each entry finding those of one kind by name. They are created
   * on demand: creating all of them, and the rules of {@link ShapeInference}, would cost a JVM's
   * first export 80 ms.
   */
  private static final List<Function<String, @Nullable OpTranslator>> OWN =
      List.of(
          ConvolutionTranslators::of,
          PoolingTranslators::of,
          LinearTranslators::of,
          NormalizationTranslators::of,
          ResizeTranslators::of,
          ActivationTranslators::of,
          ArithmeticTranslators::of,
          ComparisonTranslators::of,
          ReductionTranslators::of,
          MatrixTranslators::of,
          ShapeTranslators::of,
          RecurrentTranslators::of,
          JoinTranslators::of,
          IndexTranslators::of,
          OrderTranslators::of,
          DetectionTranslators::of);

  private final Map<String, OpTranslator> byMethod = new HashMap<>();

  /**
   * Adds translators to the exporter's own.
   *
   * @param own the caller's, which take precedence over those found as services
   * @throws ExportException if a service has a translator for a method that does not exist
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
    return find(method) != null;
  }

  private @Nullable OpTranslator find(String method) {
    return byMethod.computeIfAbsent(method, Translators::own);
  }

  /** Returns the exporter's own translator of a method, or null. */
  static @Nullable OpTranslator own(String method) {
    for (Function<String, @Nullable OpTranslator> kind : OWN) {
      OpTranslator found = kind.apply(method);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  void translate(Call call, GraphBuilder graph) {
    OpTranslator translator = find(call.method());
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

  /** Refuses the name of a method that is never recorded, whose translator could never be used. */
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
