// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServingEnvironmentTest {

  @TempDir private Path base;

  @BeforeEach
  void model() throws IOException {
    Files.createDirectories(base.resolve("model/code"));
    Files.writeString(base.resolve("model/digits.onnx"), "");
    Files.writeString(base.resolve("model/report.html"), "");
  }

  private ServingEnvironment read(String... variables) {
    Map<String, String> environment = new HashMap<>();
    environment.put("SAGEMAKER_BASE_DIR", base.toString());
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    return ServingEnvironment.read(environment);
  }

  @Test
  void read_noVariables_isSageMakersDefaults() {
    assertThat(read())
        .isEqualTo(
            new ServingEnvironment(
                base.resolve("model/digits.onnx"),
                null,
                8080,
                "application/json",
                32 << 20,
                Duration.ofSeconds(55)));
  }

  @Test
  void read_hiddenFileOfMacOs_isNoModel() throws IOException {
    Files.writeString(base.resolve("model/._digits.onnx"), "");
    assertThat(read().model()).isEqualTo(base.resolve("model/digits.onnx"));
  }

  @Test
  void read_allVariables_areHeeded() {
    assertThat(
            read(
                "SAGEMAKER_BIND_TO_PORT", "9001",
                "SAGEMAKER_SAFE_PORT_RANGE", "9002-9010",
                "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv",
                "SAGEMAKER_MAX_PAYLOAD_IN_MB", "6",
                "SAGEMAKER_BATCH", "True",
                "SAGEMAKER_MODEL_SERVER_TIMEOUT", "900"))
        .isEqualTo(
            new ServingEnvironment(
                base.resolve("model/digits.onnx"),
                null,
                9001,
                "text/csv",
                6 << 20,
                Duration.ofMinutes(15)));
  }

  @Test
  void read_payloadWithoutLimit_isABatchTransformsLimit() {
    assertThat(read("SAGEMAKER_MAX_PAYLOAD_IN_MB", "0").maxBodyBytes()).isEqualTo(100 << 20);
  }

  @ParameterizedTest
  @CsvSource({"true", "True", "TRUE"})
  void read_multiModel_needsNoModel(String value) throws IOException {
    Files.delete(base.resolve("model/digits.onnx"));
    ServingEnvironment environment = read("SAGEMAKER_MULTI_MODEL", value);
    assertThat(environment.model()).isNull();
    assertThat(environment.models()).isEqualTo(base.resolve("models"));
  }

  @ParameterizedTest
  @CsvSource({
    "SAGEMAKER_BIND_TO_PORT, http",
    "SAGEMAKER_BIND_TO_PORT, 0",
    "SAGEMAKER_BIND_TO_PORT, 65536",
    "SAGEMAKER_MAX_PAYLOAD_IN_MB, -1",
    "SAGEMAKER_MODEL_SERVER_TIMEOUT, 60s",
  })
  void read_variableWithoutValidValue_isNamed(String name, String value) {
    assertThatThrownBy(() -> read(name, value))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining(name)
        .hasMessageContaining("'" + value + "'");
  }

  @Test
  void read_noModelOrTwo_isRefused() throws IOException {
    Files.writeString(base.resolve("model/other.onnx"), "");
    assertThatThrownBy(this::read)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("found [digits.onnx, other.onnx]");
    Files.delete(base.resolve("model/digits.onnx"));
    Files.delete(base.resolve("model/other.onnx"));
    assertThatThrownBy(this::read)
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("found none");
  }

  @Test
  void read_noFolder_isRefused() {
    assertThatThrownBy(() -> ServingEnvironment.read(Map.of("SAGEMAKER_BASE_DIR", base + "/none")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("none");
  }
}
