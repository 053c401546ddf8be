// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The process's threads for asynchronous calls and for sharing out batches: one a processor, so
 * that native calls do not crowd each other out however many models there are. Daemons, started
 * when needed, gone after ten idle seconds. Platform threads: a native call would hold on to a
 * virtual thread's carrier anyway.
 */
final class Workers {

  /** Processors of this machine, or of this container. */
  static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private static final ThreadPoolExecutor POOL = pool();

  private Workers() {}

  private static ThreadPoolExecutor pool() {
    AtomicInteger count = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            PROCESSORS,
            PROCESSORS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "coracle-inference-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /**
   * Runs a call on the pool, unless its future is done before, and {@code release} in any case,
   * before those who wait for the future go on.
   */
  static <T> CompletableFuture<T> submit(Supplier<T> call, Runnable release) {
    CompletableFuture<T> future = new CompletableFuture<>();
    POOL.execute(
        () -> {
          @Nullable T result = null;
          @Nullable Throwable failure = null;
          try {
            if (!future.isDone()) {
              result = call.get();
            }
          } catch (RuntimeException | Error e) {
            failure = e;
          }
          release.run();
          if (failure == null) {
            future.complete(result);
          } else {
            future.completeExceptionally(failure);
          }
        });
    return future;
  }

  /**
   * Does tasks 0 to {@code count - 1} on this thread and up to {@code helpers} of the pool, and
   * returns when all are done. After a failure no further task begins, and this throws it.
   */
  static void share(int count, int helpers, IntConsumer task) {
    Share share = new Share(count, task);
    for (int i = 0; i < Math.min(helpers, count - 1); i++) {
      POOL.execute(share);
    }
    share.run();
    share.await();
  }

  /** Tasks that threads take one by one; a thread that comes late finds none. */
  private static final class Share implements Runnable {

    private final int count;
    private final IntConsumer task;
    private final AtomicInteger next = new AtomicInteger();
    private final CountDownLatch left;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Share(int count, IntConsumer task) {
      this.count = count;
      this.task = task;
      this.left = new CountDownLatch(count);
    }

    @Override
    public void run() {
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        try {
          if (failure.get() == null) {
            task.accept(i);
          }
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
        } finally {
          left.countDown();
        }
      }
    }

    void await() {
      boolean interrupted = false;
      while (left.getCount() > 0) {
        try {
          left.await();
        } catch (InterruptedException e) {
          interrupted = true; // the others still use what the caller would free: wait, then tell
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      Throwable e = failure.get();
      if (e instanceof Error error) {
        throw error;
      }
      if (e != null) {
        throw (RuntimeException) e;
      }
    }
  }
}
