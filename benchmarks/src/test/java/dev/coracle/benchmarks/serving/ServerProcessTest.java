// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ServerProcessTest {

  private static final String STATUS = "Name:\tjava\nVmHWM:\t  250000 kB\nVmRSS:\t  200000 kB\n";

  @Test
  void megabytes_fieldOfLinux_isInMillionsOfBytes() {
    assertThat(ServerProcess.megabytes(STATUS, "VmRSS")).isEqualTo(204.8);
    assertThat(ServerProcess.megabytes(STATUS, "VmHWM")).isEqualTo(256);
  }

  @Test
  void megabytes_fieldMissing_isRefused() {
    assertThatThrownBy(() -> ServerProcess.megabytes(STATUS, "VmSwap"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("VmSwap");
  }

  @Test
  void classes_answersOfBothRoutes_areRead() throws Exception {
    assertThat(AnswerCheck.classes("{\"digits\":[7,2]}")).isEqualTo(List.of(7, 2));
    assertThat(AnswerCheck.classes("{\"predictions\":[{\"index\":1,\"label\":\"1\"}]}"))
        .isEqualTo(List.of(1));
    assertThatThrownBy(() -> AnswerCheck.classes("{\"outputs\":[[0.1]]}"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("outputs");
  }
}
