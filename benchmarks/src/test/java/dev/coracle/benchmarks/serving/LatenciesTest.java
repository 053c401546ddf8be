// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class LatenciesTest {

  @Test
  void millis_hundredTimesInAnyOrder_isTheNearestRank() {
    Latencies latencies = new Latencies(1);
    new Random(1).ints(1, 101).distinct().limit(100).forEach(ms -> latencies.add(ms * 1_000_000L));
    assertThat(latencies.count()).isEqualTo(100);
    assertThat(latencies.millis(50)).isEqualTo(50);
    assertThat(latencies.millis(99)).isEqualTo(99);
    assertThat(latencies.millis(99.5)).isEqualTo(100);
    assertThat(latencies.millis(100)).isEqualTo(100);
    assertThat(latencies.millis(0.1)).isEqualTo(1);
  }

  @Test
  void millis_addedAfterAPercentile_countsToo() {
    Latencies latencies = new Latencies();
    latencies.add(5_000_000);
    assertThat(latencies.millis(50)).isEqualTo(5);
    latencies.add(1_000_000);
    assertThat(latencies.millis(50)).isEqualTo(1);
  }

  @Test
  void millis_noTime_isNaN() {
    assertThat(new Latencies().millis(99)).isNaN();
  }

  @Test
  void millis_percentOutOfRange_isRefused() {
    assertThatThrownBy(() -> new Latencies().millis(0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Latencies().millis(101))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("101");
  }
}
