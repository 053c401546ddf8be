// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MachineStallsTest {

  /** Bounds that a slow machine keeps too: units that were optimised away would take no time. */
  @Test
  void times_aSecond_areUnitsOfAboutAMillisecond() {
    Latencies units = MachineStalls.times(Duration.ofSeconds(1));
    assertThat(units.count()).isBetween(50, 5_000);
    assertThat(units.millis(50)).isBetween(0.2, 20.0);
  }
}
