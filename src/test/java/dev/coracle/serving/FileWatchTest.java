// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks at a file once a second of a clock that the test sets. */
class FileWatchTest {

  private final AtomicLong clock = new AtomicLong();
  private final Path file;
  private final FileWatch watch;

  FileWatchTest(@TempDir Path folder) throws IOException {
    file = Files.writeString(folder.resolve("model.onnx"), "first");
    watch = new FileWatch(file, clock::get);
  }

  @BeforeEach
  void change() throws IOException {
    Files.writeString(file, "the second");
    assertThat(look()).as("it may still be written").isFalse();
    assertThat(look()).isTrue();
  }

  private boolean look() {
    clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
    return watch.hasChanged();
  }

  @Test
  void hasChanged_loaded_isToldOnce() {
    watch.loaded();
    for (int second = 0; second < 100; second++) {
      assertThat(look()).isFalse();
    }
  }

  @Test
  void hasChanged_notLoaded_isToldAgainAfter30Seconds() {
    for (int round = 0; round < 3; round++) {
      for (int second = 1; second < 30; second++) {
        assertThat(look()).as("%d s", second).isFalse();
      }
      assertThat(look()).isTrue();
    }
    watch.loaded();
    assertThat(look()).isFalse();
  }

  @Test
  void hasChanged_againWhereItWasNotLoaded_isToldAtOnce() throws IOException {
    Files.writeString(file, "the third content");
    assertThat(look()).isFalse();
    assertThat(look()).isTrue();
    Files.writeString(file, "the second");
    assertThat(look()).isFalse();
    assertThat(look()).isTrue();
  }
}
