// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

final class ContenderTest {

  private static final OutputFormat SILENT =
      OutputFormatFactory.createFormatInstance(
          new PrintStream(OutputStream.nullOutputStream()), VerboseMode.SILENT);

  @ParameterizedTest
  @EnumSource
  void benchmark_everyContender_isOneThatJmhKnowsWithItsParameters(Contender contender) {
    List<BenchmarkListEntry> found =
        BenchmarkList.defaultList().getAll(SILENT, List.of()).stream()
            .filter(entry -> entry.getUsername().equals(contender.benchmark))
            .toList();
    assertThat(found).hasSize(1);
    Map<String, String[]> parameters = found.get(0).getParams().orElse(Map.of());
    assertThat(contender.parameters)
        .allSatisfy((name, value) -> assertThat(parameters.get(name)).contains(value));
  }
}
