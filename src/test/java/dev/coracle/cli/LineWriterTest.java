// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LineWriterTest {

  /** Has no memory for the first lines. */
  private static final class Stream extends PrintStream {
    final CountDownLatch failed = new CountDownLatch(1);

    Stream(ByteArrayOutputStream bytes) {
      super(bytes, true, StandardCharsets.UTF_8);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      if (failed.getCount() > 0) {
        failed.countDown();
        throw new OutOfMemoryError("no real one");
      }
      super.write(bytes, from, length);
    }
  }

  @Test
  void accept_noMemoryOnce_goesOnAndCountsWhatWasLost() throws InterruptedException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Stream stream = new Stream(bytes);
    try (LineWriter writer = new LineWriter(stream)) {
      writer.accept("first");
      stream.failed.await();
      writer.accept("second");
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("second\n{\"lost_lines\":1}\n");
  }
}
