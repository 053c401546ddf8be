// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.CoracleException;
import dev.coracle.protocol.RequestException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does what takes long with models, one after another, on a thread of its own. Thread-safe. */
final class Loader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Loader.class);

  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread made = new Thread(task, "coracle-loader");
            made.setDaemon(true);
            return made;
          });

  void run(Runnable task) {
    thread.execute(task);
  }

  /**
   * Does what a request asks for, which the task answers and for which there is no deadline; if the
   * task throws, that is answered.
   */
  void run(Exchange exchange, Runnable task) {
    exchange.withoutDeadline();
    thread.execute(
        () -> {
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
        });
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
