// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.CoracleException;
import dev.coracle.protocol.RequestException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs slow operations on models, one after another, on a thread of its own. Thread-safe. */
final class Loader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Loader.class);

  /** Calls that may wait; each may take seconds. */
  private static final int MAX_WAITING = 64;

  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(MAX_WAITING),
          task -> {
            Thread made = new Thread(task, "coracle-loader");
            made.setDaemon(true);
            return made;
          });

  /** Queues a task; returns false, without running it, if too many wait or on closing. */
  boolean run(Runnable task) {
    try {
      thread.execute(task);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /**
   * Queues a task that answers a request, which then has no deadline; an exception of the task is
   * answered as an error. A task still waiting is skipped if its client has gone.
   */
  void run(Exchange exchange, Runnable task) {
    exchange.withoutDeadline();
    boolean taken =
        run(
            () -> {
              if (exchange.isClientGone()) {
                exchange.abandon();
              } else {
                answer(exchange, task);
              }
            });
    if (!taken) {
      exchange.fail(503, "too many calls to load or unload models are waiting; try again");
    }
  }

  private static void answer(Exchange exchange, Runnable task) {
    try {
      task.run();
    } catch (RequestException e) {
      exchange.fail(e);
    } catch (CoracleException e) {
      LOG.error("{}: {}", exchange.route(), e.getMessage());
      exchange.fail(400, e.getMessage() + "; what was loaded before stays");
    } catch (RuntimeException | Error e) {
      exchange.failed(e);
    }
  }

  /** Lets the running task finish and drops those that wait. */
  @Override
  public void close() {
    thread.shutdown();
    thread.getQueue().clear();
  }
}
