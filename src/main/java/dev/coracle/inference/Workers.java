// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The process's threads for asynchronous calls and for sharing out batches: one per processor, so
 * that native calls do not crowd each other out however many models there are. Daemon threads,
 * started when needed, ended after ten idle seconds. Platform threads: a native call would pin a
 * virtual thread's carrier anyway. Only Coracle's own code runs on them, so no application ever
 * blocks one; what applications do with an answer has threads of its own.
 */
final class Workers {

  /** Processors of this machine, or of this container. */
  static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private static final ThreadPoolExecutor POOL =
      pool(PROCESSORS, PROCESSORS, new LinkedBlockingQueue<>(), "coracle-inference-");

  /**
   * As many threads as are wanted at a time: dependents of a future may block. Not the common pool,
   * where tasks of the application would delay an answer that is ready.
   */
  private static final ThreadPoolExecutor COMPLETIONS =
      pool(0, Integer.MAX_VALUE, new SynchronousQueue<>(), "coracle-completion-");

  /** Number of threads that classify, in all classifiers, and of tasks that wait for a thread. */
  private static final AtomicInteger BUSY = new AtomicInteger();

  private Workers() {}

  private static ThreadPoolExecutor pool(
      int core, int most, BlockingQueue<Runnable> queue, String prefix) {
    AtomicInteger count = new AtomicInteger();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            core,
            most,
            10,
            TimeUnit.SECONDS,
            queue,
            task -> {
              String name = prefix + count.incrementAndGet();
              Thread thread = new Thread(null, task, name, 0, false);
              thread.setDaemon(true);
              // Not the first caller's, which may belong to a web application that is undeployed.
              thread.setContextClassLoader(Workers.class.getClassLoader());
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  /** Counts this thread as busy until it calls {@link #end}. */
  static void begin() {
    BUSY.incrementAndGet();
  }

  static void end() {
    BUSY.decrementAndGet();
  }

  /**
   * Runs a call on the pool, unless its future is done by then, and {@code release} in any case,
   * before the future is completed. Dependents of the future run elsewhere, on {@link
   * #COMPLETIONS}, and may wait for further calls.
   */
  static <T> CompletableFuture<T> submit(Supplier<T> call, Runnable release) {
    CompletableFuture<T> future = new CompletableFuture<>();
    AtomicBoolean taken = new AtomicBoolean();
    begin();
    try {
      POOL.execute(
          () -> {
            if (taken.compareAndSet(false, true)) {
              end(); // the call counts itself as busy
              run(call, release, future);
            }
          });
    } catch (RuntimeException | Error e) { // no thread could be started; the task may be queued
      if (taken.compareAndSet(false, true)) {
        end();
        release.run();
        future.completeExceptionally(e);
      }
    }
    return future;
  }

  private static <T> void run(Supplier<T> call, Runnable release, CompletableFuture<T> future) {
    @Nullable T result = null;
    @Nullable Throwable failure = null;
    try {
      try {
        if (!future.isDone()) {
          result = call.get();
        }
      } finally {
        release.run();
      }
    } catch (RuntimeException | Error e) {
      failure = e;
    }
    T answer = result;
    Throwable reason = failure;
    Runnable complete =
        () -> {
          if (reason == null) {
            future.complete(answer);
          } else {
            future.completeExceptionally(reason);
          }
        };
    try {
      COMPLETIONS.execute(complete);
    } catch (RuntimeException | Error e) { // no thread could be started: do not lose the answer
      complete.run();
    }
  }

  /**
   * Does tasks 0 to {@code count - 1} on this thread, and on as many others of {@code threads} as
   * there are processors that nothing else here uses; returns when all are done. After a failure no
   * further task begins, and this throws it.
   */
  static void share(int count, int threads, IntConsumer task) {
    begin();
    try {
      Share share = new Share(count, task);
      int helpers = Math.min(Math.min(threads, count) - 1, PROCESSORS - BUSY.get());
      for (int i = 0; i < helpers && help(share); i++) {}
      share.run();
      share.await();
    } finally {
      end();
    }
  }

  /** Gets another thread to help; returns false if none starts: the others then do the work. */
  private static boolean help(Share share) {
    AtomicBoolean taken = new AtomicBoolean();
    begin();
    try {
      POOL.execute(
          () -> {
            if (taken.compareAndSet(false, true)) {
              try {
                share.run();
              } finally {
                end();
              }
            }
          });
      return true;
    } catch (RuntimeException | Error e) { // as above
      if (taken.compareAndSet(false, true)) {
        end();
        return false;
      }
      return true;
    }
  }

  /** Tasks that threads take one by one; a thread that comes late finds none. */
  private static final class Share implements Runnable {

    private final int count;
    private final AtomicInteger next = new AtomicInteger();
    private final CountDownLatch left;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /** Null when all is done, so that a helper still queued does not keep the images alive. */
    private volatile @Nullable IntConsumer task;

    Share(int count, IntConsumer task) {
      this.count = count;
      this.task = task;
      this.left = new CountDownLatch(count);
    }

    @Override
    public void run() {
      IntConsumer work = task;
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        try {
          if (failure.get() == null && work != null) { // null only if all tasks have been taken
            work.accept(i);
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
          interrupted = true; // the others still use what the caller would free: wait on
        }
      }
      task = null;
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
