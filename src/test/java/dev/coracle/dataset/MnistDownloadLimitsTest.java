// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds a source to the limits of size and time, and those settings to their ranges. */
class MnistDownloadLimitsTest extends MnistDownloadFixture {

  MnistDownloadLimitsTest(@TempDir Path folder) {
    super(folder);
  }

  @Test
  void fetch_gzipBomb_isRefusedOneByteAfterThePublishedLength() {
    source.answer(200, Idx.gzip(new byte[8 << 20]));

    assertFails(download(), "it holds more than 40 bytes");
  }

  @Test
  void fetch_bodyAboveTheLimit_isRefused() throws IOException {
    byte[] noise = new byte[(int) MnistDownload.MAX_BYTES + 1];
    new Random(1).nextBytes(noise);
    source.answerChunked(noise).answer(200, noise);

    assertFails(download(), "its body is longer than 16777216 bytes");
    assertFails(download(), "its body is longer than 16777216 bytes");
    assertThat(names()).isEmpty();
  }

  @Test
  void fetch_serverThatNeverAnswers_timesOut() {
    source.stall(new byte[0]);

    assertFails(
        download().readTimeout(Duration.ofMillis(150)).retries(1),
        "it sent nothing for 150 ms, after 0 bytes (2 attempts)");
  }

  @Test
  void fetch_serverThatStopsInTheMiddle_timesOut() {
    source.stall(Arrays.copyOf(GOOD, 10));

    assertFails(
        download().readTimeout(Duration.ofMillis(300)).retries(0),
        "it sent nothing for 300 ms, after 10 bytes");
  }

  @Test
  void fetch_serverThatDrips_stopsAtTheDeadline() throws IOException {
    source.drip();

    assertFails(
        download().deadline(Duration.ofMillis(300)).retries(1),
        "it was not done within 300 ms, after ",
        "(2 attempts)");

    assertThat(source.requests()).isEqualTo(2);
    assertThat(names()).isEmpty();
  }

  @Test
  void numbers_outOfRange_throw() {
    assertThatIllegalArgumentException().isThrownBy(() -> download().deadline(Duration.ZERO));
    assertThatIllegalArgumentException().isThrownBy(() -> download().retries(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> download().backoff(Duration.ZERO));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> download().connectTimeout(Duration.ofMillis(-1)));
  }
}
