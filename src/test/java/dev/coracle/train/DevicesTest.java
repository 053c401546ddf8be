// SPDX-License-Identifier: Apache-2.0
package dev.coracle.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import dev.coracle.CoracleException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {

  @ParameterizedTest
  @ValueSource(strings = {"auto", "cpu", "gpu", "gpu:0", "gpu:15", "gpu:999"})
  void isValid_knownText_true(String text) {
    assertThat(Devices.isValid(text)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "CPU",
        "cpu ",
        "cpu:0",
        "gpu:",
        "gpu:-1",
        "gpu:x",
        "gpu:1000",
        "gpu:٣",
        "cuda",
        "auto:0",
        "gpu:0\n",
        "tpu"
      })
  void parse_unknownText_saysWhatIsExpected(String text) {
    assertThat(Devices.isValid(text)).isFalse();
    assertThatThrownBy(() -> Devices.parse(text))
        .isInstanceOf(CoracleException.class)
        .hasMessage("device '" + text + "' is unknown; expected cpu, gpu, gpu:N or auto");
  }

  @Test
  void parse_cpu_cpu() {
    assertThat(Devices.parse("cpu")).isEqualTo(Device.cpu());
  }

  @Test
  void parse_auto_gpuOnlyIfThere() {
    boolean gpu = Devices.engine().getGpuCount() > 0;
    assertThat(Devices.parse("auto")).isEqualTo(gpu ? Device.gpu(0) : Device.cpu());
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpu", "gpu:0", "gpu:7"})
  void parse_gpuThatIsNotThere_doesNotFallBack(String text) {
    assumeTrue(Devices.engine().getGpuCount() == 0, "this machine has a GPU");
    assertThatThrownBy(() -> Devices.parse(text))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("there is no device '" + text + "'")
        .hasMessageContaining("sees 0 GPUs");
  }

  @Test
  void parse_gpuThatIsThere_gpu() {
    assumeTrue(Devices.engine().getGpuCount() > 0, "this machine has no GPU");
    assertThat(Devices.parse("gpu:0")).isEqualTo(Device.gpu(0));
  }
}
