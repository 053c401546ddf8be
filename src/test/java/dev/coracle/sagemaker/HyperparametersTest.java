// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the clients of SageMaker write, as research into their sources has shown. */
class HyperparametersTest {

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '\'',
      value = {
        "10, 10", // every client
        "0.1, 0.1",
        "1e-3, 0.001",
        "1e400, 1E+400", // longer than any number that is meant
        "1e99999999, 1E+99999999", // would be 100 MB when written out
        "100e2147483647, 1.00E+2147483649",
        "1e99999999999, 1e99999999999",
        "-0.0, 0",
        "3.0, 3", // a float where a whole number is meant
        "'\"adam\"', adam", // json.dumps of a string
        "adam, adam",
        "'\"\\\"adam\\\"\"', adam", // quoted by the user and by the client
        "'\"3\"', 3",
        "true, true",
        "True, true", // Python's str()
        "TRUE, true",
        "False, false",
        "'[1, 2]', '[1,2]'",
        "'{\"a\": 1}', '{\"a\":1}'",
        "'{''a'': 1}', '{''a'': 1}'", // Python's, not JSON: as it is
        "0x10, 0x10",
        "NaN, NaN",
        "'10 20', '10 20'",
      })
  void text_asClientsWriteIt_isWhatTheyMean(String written, String meant) {
    assertThat(Hyperparameters.text(written)).isEqualTo(meant);
  }

  @Test
  void text_nullAndNone_areNoValue() {
    assertThat(Hyperparameters.text("null")).isNull();
    assertThat(Hyperparameters.text("None")).isNull();
    assertThat(Hyperparameters.text(null)).isNull();
  }

  @Test
  void text_valuesThatAreNoStrings_areTaken() {
    assertThat(Hyperparameters.text(new BigDecimal("5"))).isEqualTo("5");
    assertThat(Hyperparameters.text(false)).isEqualTo("false");
  }

  @Test
  void decode_namesWithUnderscoresAndCapitals_areOptions() {
    assertThat(Hyperparameters.decode(Map.of("Batch_Size", "64"), Map.of()))
        .containsExactly(Map.entry("batch-size", "64"));
  }

  @Test
  void decode_platformsOwn_areLeftOut() {
    Map<String, String> file = new HashMap<>();
    file.put("sagemaker_program", "\"train.py\"");
    file.put("sagemaker_region", "eu-central-1");
    file.put("_tuning_objective_metric", "test:accuracy");
    file.put("default_user_module_name", "x");
    file.put("epochs", "2");
    assertThat(Hyperparameters.decode(file, Map.of())).containsOnlyKeys("epochs");
  }

  @Test
  void decode_emptyVariable_countsAsNone() {
    assertThat(Hyperparameters.decode(Map.of("lr", "0.5"), Map.of("SM_HP_LR", "")))
        .containsExactly(Map.entry("lr", "0.5"));
  }

  @Test
  void decode_variablesInBothSpellings_goFirst() {
    assertThat(
            Hyperparameters.decode(
                Map.of("batch-size", "1", "test-batch-size", "1", "lr", "0.5"),
                Map.of("SM_HP_BATCH-SIZE", "2", "SM_HP_TEST_BATCH_SIZE", "3", "OTHER", "x")))
        .containsExactly(
            Map.entry("batch-size", "2"),
            Map.entry("lr", "0.5"),
            Map.entry("test-batch-size", "3"));
  }
}
