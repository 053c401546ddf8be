// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The figures expected here were worked out by hand from three-rounds.json. */
final class ReportTest {

  private static JsonNode document;

  @BeforeAll
  static void read() throws Exception {
    document = ResultFile.read(Path.of(ReportTest.class.getResource("three-rounds.json").toURI()));
  }

  @Test
  void tables_threeRounds_giveMedianSpreadAndRatiosWithinARound() {
    String tables = new Tables(new Measurements(document)).tables();
    // Medians are 220 and 240 µs, but within a round bare is the faster one twice.
    assertThat(tables.lines())
        .contains(
            "| 1 | Coracle's `Classifier` | 220 (110–330) | 4,545 | 512 | 0.91 (0.91–1.09) | 1.36 (1.30–1.50) |",
            "| 1 | bare `OrtSession`, 1 thread | 240 (100–300) | 4,167 | 500 | 1.00 (1.00–1.00) | 1.43 (1.38–1.50) |");
  }

  @Test
  void tables_twoCallers_countTheImagesOfBoth() {
    String tables = new Tables(new Measurements(document)).tables();
    assertThat(tables.substring(tables.indexOf("Two callers")).lines())
        .contains("| 1 | Coracle's `Classifier` | 240 (110–400) | 8,333 | 512 |  |  |");
  }

  @Test
  void goals_threeRounds_sayWhichAreMet() {
    assertThat(new Goals(new Measurements(document)).table().lines().skip(4))
        .containsExactly(
            "| over `session.run` alone, µs | 20.0 (10.0–130) | ≤ 10 | **no** |",
            "| over `session.run` alone, % | 10.0 (10.0–65.0) | or ≤ 5 | **no** |",
            "| over a bare session with preprocessing, µs | 10.0 (-20.0–30.0) | ≤ 10 | yes |",
            "| over a bare session with preprocessing, % | 10.0 (-8.33–10.0) | or ≤ 5 | yes |",
            "| allocated a call, B | 512 (400–600) | ≤ 512 | **no** |",
            "| speed / DJL, ONNX Runtime, defaults | 1.36 (1.30–1.50) | ≥ 1.3 | yes |",
            "| images/s of two callers / one, Coracle's `Classifier` | 1.83 (1.65–2.00) | ≥ 1.8 | yes |",
            "| open and first answer in a running JVM, ms | 150 (140–160) | ≤ 150 | yes |",
            "| the whole command `classify`, ms | 1,050 (900–1,200) | ≤ 1,000 | **no** |");
  }

  @Test
  void measurements_resultOfNoContender_isRefused() throws Exception {
    JsonNode foreign =
        new ObjectMapper().readTree("{\"rounds\": [[{\"benchmark\": \"Other.classify\"}]]}");
    assertThatThrownBy(() -> new Measurements(foreign))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Other.classify");
  }

  @Test
  void write_document_readsBackEqual(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("new/results.json");
    ResultFile.write(file, document);
    assertThat(ResultFile.read(file)).isEqualTo(document);
  }

  @Test
  void origin_document_namesMachineAndVersions() {
    assertThat(ResultFile.origin(document))
        .isEqualTo(
            "Abacus, 2 processors, 1 GiB, Linux 1, HotSpot 17, Coracle 1.0, JMH 1.37, 2026-01-02T03:04Z\n");
  }
}
