// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentTest {

  @ParameterizedTest
  @ValueSource(strings = {"1.12.1", "1.21.1", "1.28.3"})
  void requireVersion_older_isRefusedWithWhatToDo(String found) {
    assertThatThrownBy(() -> Environment.requireVersion(found))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("expected ONNX Runtime 1.29.0 or newer, found " + found)
        .hasMessageContaining("before it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.29.0", "1.29.1", "1.30.0", "2.0.0"})
  void requireVersion_thisOrNewer_passes(String found) {
    assertThatCode(() -> Environment.requireVersion(found)).doesNotThrowAnyException();
  }
}
