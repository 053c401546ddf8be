// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class WrkTest {

  @Test
  void parse_outputWithSummary_givesRateAndMilliseconds() {
    HttpLoad.Result result =
        Wrk.parse(
            """
            Running 5s test @ http://127.0.0.1:8080
              1 threads and 64 connections
            Requests/sec:   2000.00
            SUMMARY requests=10010 micros=5005000 p50=4250 p99=17125 failed=0
            """);
    assertThat(result).isEqualTo(new HttpLoad.Result(2000, 4.25, 17.125, 0));
    assertThat(result.checked()).isEqualTo(result);
  }

  @Test
  void checked_someAnswersNot200_isRefused() {
    HttpLoad.Result result =
        Wrk.parse("SUMMARY requests=100 micros=1000000 p50=1 p99=2 failed=7\n");
    assertThatThrownBy(result::checked)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("7");
  }

  @Test
  void parse_noAnswerOrNoSummary_isRefusedWithTheOutput() {
    assertThatThrownBy(() -> Wrk.parse("SUMMARY requests=0 micros=1000000 p50=0 p99=0 failed=64"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("failed=64");
    assertThatThrownBy(() -> Wrk.parse("unable to connect to 127.0.0.1:1 Connection refused"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Connection refused");
  }
}
