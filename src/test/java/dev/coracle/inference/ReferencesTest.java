// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ReferencesTest {

  private final AtomicInteger freed = new AtomicInteger();
  private final References references = new References(freed::incrementAndGet);

  @Test
  void close_noCalls_freesOnce() {
    references.close();
    references.close();

    assertThat(freed).hasValue(1);
    assertThat(references.acquire()).isFalse();
  }

  @Test
  void close_duringCalls_theLastOneFrees() {
    assertThat(references.acquire()).isTrue();
    assertThat(references.acquire()).isTrue();
    references.close();
    assertThat(references.acquire()).isFalse();
    references.release();
    assertThat(freed).hasValue(0);
    references.release();
    assertThat(freed).hasValue(1);
  }

  @Test
  void close_manyThreads_freesOnceAndUnderNobody() throws Exception {
    for (int round = 0; round < 500; round++) {
      AtomicBoolean alive = new AtomicBoolean(true);
      AtomicInteger wrong = new AtomicInteger();
      AtomicInteger times = new AtomicInteger();
      References shared =
          new References(
              () -> {
                alive.set(false);
                times.incrementAndGet();
              });
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Thread thread =
            new Thread(
                () -> {
                  while (shared.acquire()) {
                    if (!alive.get()) {
                      wrong.incrementAndGet();
                    }
                    shared.release();
                  }
                });
        thread.start();
        threads.add(thread);
      }
      shared.close();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(wrong).hasValue(0);
      assertThat(times).hasValue(1);
    }
  }
}
