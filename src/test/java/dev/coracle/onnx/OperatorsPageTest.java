// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds docs/onnx-operators.md against the code; {@code -Dcoracle.docs=write} writes it. */
class OperatorsPageTest {

  private static final Path PAGE = Path.of("docs/onnx-operators.md");

  /** Write in place, and return nothing. */
  private static final Set<String> WRITES = Set.of("set", "setScalar", "intern", "copyTo");

  /** Followed by the recording itself. */
  private static final Set<String> RECORDED = Set.of("NDArray.copyTo", "NDArrayEx.getArray");

  private static final String HEAD =
      """
      # Operators of the exporter

      What `OnnxExporter` makes of each method of DJL's `NDArray` and `NDArrayEx` that returns arrays or writes
      into one. The methods of `NDArrays` call these. A call on constants alone needs no translation: its result
      becomes an initializer. A translated call may still refuse some of its arguments or types; the message says
      which. For another method, or another translation, see `OnnxExporter.translator`.

      This page is written by `mvn surefire:test -Dtest=OperatorsPageTest -Dcoracle.docs=write`, and a test holds
      it against the code.
      """;

  @Test
  void page_saysWhatTheCodeDoes() throws IOException {
    String page = page();
    if ("write".equals(System.getProperty("coracle.docs"))) {
      Files.writeString(PAGE, page);
    }
    assertThat(Files.readString(PAGE))
        .as("run with -Dcoracle.docs=write to bring it up to date")
        .isEqualTo(page);
  }

  @Test
  void refusals_nameMethodsThatExistAndHaveNoTranslation() {
    Set<String> methods = new TreeSet<>();
    methods(NDArray.class).keySet().forEach(name -> methods.add("NDArray." + name));
    methods(NDArrayEx.class).keySet().forEach(name -> methods.add("NDArrayEx." + name));
    assertThat(methods).containsAll(Refusals.REASONS.keySet());
    assertThat(Refusals.REASONS.keySet())
        .allSatisfy(method -> assertThat(Translators.own(method)).isNull());
  }

  private static String page() {
    StringBuilder page = new StringBuilder(HEAD);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray array = manager.create(1f);
      table(page, NDArray.class, array.getClass(), TracedArray.IN_PLACE);
      table(page, NDArrayEx.class, array.getNDArrayInternal().getClass(), TracedExtension.IN_PLACE);
    }
    return page.toString();
  }

  private static void table(
      StringBuilder page, Class<?> type, Class<?> engine, Map<String, String> inPlace) {
    Map<String, Integer> counts = new HashMap<>();
    StringBuilder rows = new StringBuilder();
    methods(type)
        .forEach(
            (name, overloads) -> {
              String state = state(type.getSimpleName(), name, overloads, engine, inPlace);
              counts.merge(state.split("[,:]", -1)[0], 1, Integer::sum);
              rows.append("| `%s` | %s |\n".formatted(name, state));
            });
    page.append(
        "\n## %s\n\n%d methods are translated, %d refused for a reason, %d not translated yet.\n\n"
            .formatted(
                type.getSimpleName(),
                counts.getOrDefault("translated", 0),
                counts.getOrDefault("refused", 0),
                counts.getOrDefault("not yet", 0)));
    page.append("| method | state |\n|---|---|\n").append(rows);
  }

  /** Lists the overloads of each name. */
  private static Map<String, List<Method>> methods(Class<?> type) {
    Map<String, List<Method>> methods = new TreeMap<>();
    for (Method method : type.getMethods()) {
      boolean gives =
          method.getReturnType() == NDArray.class || method.getReturnType() == NDList.class;
      if (method.getDeclaringClass() == type
          && !Modifier.isStatic(method.getModifiers())
          && (gives || WRITES.contains(method.getName()))) {
        methods.merge(
            method.getName(),
            List.of(method),
            (a, b) -> Stream.concat(a.stream(), b.stream()).toList());
      }
    }
    return methods;
  }

  private static String state(
      String type,
      String name,
      List<Method> overloads,
      Class<?> engine,
      Map<String, String> inPlace) {
    String recorded = type + "." + name;
    if (Translators.own(recorded) != null || RECORDED.contains(recorded)) {
      return "translated";
    }
    String counterpart = inPlace.get(name);
    if (counterpart != null) {
      return "translated, as `%s`".formatted(counterpart);
    }
    String reason = Refusals.REASONS.get(recorded);
    if (reason != null) {
      return "refused: " + reason;
    }
    boolean composed = overloads.stream().allMatch(method -> isLeftDefault(method, engine));
    return composed ? "translated, as the calls it consists of" : "not yet";
  }

  private static boolean isLeftDefault(Method method, Class<?> engine) {
    try {
      return engine.getMethod(method.getName(), method.getParameterTypes()).isDefault();
    } catch (NoSuchMethodException e) {
      throw new AssertionError(e);
    }
  }
}
