// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.time.Duration;

/** Sends a request on each of several connections, and the next one when it is answered. */
interface HttpLoad {

  /** Names the program, for the report. */
  String name();

  /** Loads the server on a port of this machine for a while. */
  Result run(int port, Post post, int connections, Duration time)
      throws IOException, InterruptedException;

  /**
   * What a load measured.
   *
   * @param perSecond requests answered by 200
   * @param p50 milliseconds
   * @param p99 milliseconds
   * @param failed requests that were answered otherwise or not
   */
  record Result(double perSecond, double p50, double p99, long failed) {

    /** Throws where not every answer was 200: what was measured is then not what was meant. */
    Result checked() {
      if (failed > 0) {
        throw new IllegalStateException(
            "expected every answer to be 200, but " + failed + " were not, or did not come");
      }
      return this;
    }
  }
}
