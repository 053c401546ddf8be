// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkersTest {

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 4", "7, 1", "7, 2", "100, 4"})
  void share_anyNumberOfThreads_doesEachTaskOnceBeforeItReturns(int count, int threads) {
    for (int round = 0; round < 200; round++) {
      AtomicIntegerArray done = new AtomicIntegerArray(count);
      Workers.share(count, threads, done::incrementAndGet);
      for (int i = 0; i < count; i++) {
        assertThat(done.get(i)).isEqualTo(1);
      }
    }
  }

  @Test
  void share_oneTaskFails_waitsForTheOthersAndThrowsIt() {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger begun = new AtomicInteger();
    assertThatThrownBy(
            () ->
                Workers.share(
                    1_000,
                    2,
                    i -> {
                      running.incrementAndGet();
                      begun.incrementAndGet();
                      try {
                        if (i == 3) {
                          throw new IllegalStateException("task 3");
                        }
                        LockSupport.parkNanos(10_000);
                      } finally {
                        running.decrementAndGet();
                      }
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("task 3");
    assertThat(running).hasValue(0);
    assertThat(begun.get()).isLessThan(1_000);
  }

  /** The application may have filled the pool that CompletableFuture runs its tasks on. */
  @Test
  void submit_commonPoolIsBlocked_answersAllTheSame() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    for (int i = 0; i < 2 * Workers.PROCESSORS; i++) {
      ForkJoinPool.commonPool().execute(() -> await(release));
    }
    try {
      assertThat(Workers.submit(() -> 7, () -> {}).get(30, TimeUnit.SECONDS)).isEqualTo(7);
    } finally {
      release.countDown();
    }
  }

  /** What depends on an answer may wait for the next one, and that for another. */
  @Test
  void submit_dependentsThatBlock_haveThreadsEnough() throws Exception {
    CountDownLatch begin = new CountDownLatch(1); // else a dependent may run on this thread
    CountDownLatch all = new CountDownLatch(20);
    List<CompletableFuture<Boolean>> waiting = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiting.add(
          Workers.submit(() -> await(begin), () -> {})
              .thenApply(
                  begun -> {
                    all.countDown();
                    return await(all);
                  }));
    }
    begin.countDown();
    for (CompletableFuture<Boolean> each : waiting) {
      assertThat(each.get(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void share_processorsAreBusy_callerDoesAllOfIt() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    List<CompletableFuture<Boolean>> busy = new ArrayList<>();
    for (int i = 0; i < Workers.PROCESSORS; i++) {
      busy.add(Workers.submit(() -> await(release), () -> {}));
    }
    Thread caller = Thread.currentThread();
    AtomicBoolean elsewhere = new AtomicBoolean();
    Workers.share(50, 3, i -> elsewhere.compareAndSet(false, Thread.currentThread() != caller));
    release.countDown();

    assertThat(elsewhere).isFalse();
    for (CompletableFuture<Boolean> future : busy) {
      assertThat(future.get(1, TimeUnit.MINUTES)).isTrue();
    }
  }

  @Test
  void submit_cancelledBeforeItsTurn_isNotRunButReleased() throws Exception {
    CountDownLatch hold = new CountDownLatch(1);
    List<CompletableFuture<Boolean>> busy = new ArrayList<>();
    for (int i = 0; i < Workers.PROCESSORS; i++) {
      busy.add(Workers.submit(() -> await(hold), () -> {}));
    }
    AtomicBoolean ran = new AtomicBoolean();
    CountDownLatch released = new CountDownLatch(1);
    CompletableFuture<Boolean> cancelled =
        Workers.submit(() -> ran.getAndSet(true), released::countDown);
    cancelled.cancel(false);
    hold.countDown();

    assertThat(released.await(1, TimeUnit.MINUTES)).isTrue();
    assertThat(ran).isFalse();
    assertThat(busy).allMatch(CompletableFuture::join);
  }

  /** Continuations that wait for further calls: on the pool itself they would wait for ever. */
  @Test
  void submit_continuationsWaitForOtherCalls_allEnd() throws Exception {
    List<CompletableFuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add(
          Workers.submit(() -> 1, () -> {})
              .thenApply(one -> one + Workers.submit(() -> 1, () -> {}).join()));
    }
    for (CompletableFuture<Integer> future : all) {
      assertThat(future.get(1, TimeUnit.MINUTES)).isEqualTo(2);
    }
  }

  @Test
  void submit_releaseFails_failsTheFuture() {
    CompletableFuture<Integer> future =
        Workers.submit(
            () -> 1,
            () -> {
              throw new IllegalStateException("release");
            });
    assertThat(future)
        .failsWithin(Duration.ofMinutes(1))
        .withThrowableOfType(ExecutionException.class)
        .withMessageContaining("release");
  }

  @Test
  void submit_callerWithItsOwnClassLoader_isNotKept() {
    ClassLoader own = new URLClassLoader(new URL[0]);
    Thread.currentThread().setContextClassLoader(own);
    try {
      for (int i = 0; i < 20; i++) {
        ClassLoader used =
            Workers.submit(() -> Thread.currentThread().getContextClassLoader(), () -> {}).join();
        assertThat(used).isNotSameAs(own);
      }
    } finally {
      Thread.currentThread().setContextClassLoader(WorkersTest.class.getClassLoader());
    }
  }

  @Test
  void submit_callFails_releasesBeforeItTells() {
    AtomicBoolean released = new AtomicBoolean();
    CompletableFuture<Boolean> seen =
        Workers.<Boolean>submit(
                () -> {
                  throw new IllegalStateException("call");
                },
                () -> released.set(true))
            .handle((answer, failure) -> released.get() && failure != null);
    assertThat(seen.join()).isTrue();
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
