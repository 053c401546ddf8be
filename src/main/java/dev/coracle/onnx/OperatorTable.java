// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Those of ONNX's own operators that the exporter writes, from {@code operators.txt}. */
final class OperatorTable {

  /** By name; the versions in ascending order. */
  private static final Map<String, List<OperatorSpec>> SPECS = read();

  private OperatorTable() {}

  /** Returns an operator as an opset defines it, or null where there is none. */
  static @Nullable OperatorSpec find(String operator, int opset) {
    OperatorSpec found = null;
    for (OperatorSpec spec : SPECS.getOrDefault(operator, List.of())) {
      if (spec.since() <= opset) {
        found = spec;
      }
    }
    return found;
  }

  static Set<String> operators() {
    return SPECS.keySet();
  }

  private static Map<String, List<OperatorSpec>> read() {
    Map<String, List<OperatorSpec>> specs = new TreeMap<>();
    try (InputStream in =
            Objects.requireNonNull(OperatorTable.class.getResourceAsStream("operators.txt"));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      lines
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(OperatorSpec::parse)
          .forEach(spec -> specs.computeIfAbsent(spec.name(), n -> new ArrayList<>()).add(spec));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return specs;
  }
}
