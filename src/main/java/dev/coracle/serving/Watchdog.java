// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.eclipse.jetty.io.Connection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends what takes too long, by looking at everything several times a second: requests whose answer
 * or body is late, and connections that send a request's headers in drops.
 */
final class Watchdog implements Connection.Listener, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
  private static final int PERIOD_MS = 100;

  /** Connections closed in one look: their clients come back at once, which is work as well. */
  private static final int MAX_CLOSED = 100;

  private final ServerOptions options;
  private final Exchanges exchanges;
  private final Map<Connection, Progress> connections = new ConcurrentHashMap<>();
  private final ScheduledExecutorService timer;

  Watchdog(ServerOptions options, Exchanges exchanges) {
    this.options = options;
    this.exchanges = exchanges;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "coracle-watchdog");
              thread.setDaemon(true);
              return thread;
            });
  }

  void start() {
    every(PERIOD_MS, this::checkExchanges);
    every(1000, this::checkConnections);
  }

  /** Does something quick again and again. */
  void every(int millis, Runnable task) {
    ScheduledFuture<?> unused =
        timer.scheduleWithFixedDelay(
            () -> {
              try {
                task.run();
              } catch (RuntimeException | Error e) { // else there would be no further time
                LOG.error("the watchdog failed", e);
              }
            },
            millis,
            millis,
            TimeUnit.MILLISECONDS);
  }

  private void checkExchanges() {
    for (Exchange exchange : exchanges.open()) {
      if (exchange.isAnswered()) {
        if (exchange.answerAge().compareTo(options.deadline()) > 0) {
          exchange.connection().getEndPoint().close(); // the client reads too slowly
        }
      } else if (exchange.hasDeadline() && exchange.age().compareTo(options.deadline()) > 0) {
        exchange.fail(503, "no answer within " + options.deadline().toMillis() + " ms; try again");
      } else if (exchange.bodyPending() && exchange.age().compareTo(options.bodyTimeout()) > 0) {
        exchange.fail(
            408,
            "expected the whole body within "
                + options.bodyTimeout().toMillis()
                + " ms; send it without pauses");
      }
    }
  }

  /** What a connection had done when it was last looked at. */
  private record Progress(long requests, long bytes, boolean busy, long since) {}

  @Override
  public void onOpened(Connection connection) {
    connections.put(connection, new Progress(0, 0, false, System.nanoTime()));
  }

  @Override
  public void onClosed(Connection connection) {
    connections.remove(connection);
  }

  /**
   * Closes a connection on which bytes have come for longer than headers may take without making a
   * request. Those without bytes have Jetty's idle timeout, those with a request are looked at as
   * exchanges.
   */
  private void checkConnections() {
    long now = System.nanoTime();
    Set<Connection> busy =
        exchanges.open().stream().map(Exchange::connection).collect(Collectors.toSet());
    int[] closed = {0};
    connections.replaceAll(
        (connection, last) -> {
          long requests = connection.getMessagesIn();
          long bytes = connection.getBytesIn();
          boolean inHeaders = requests == last.requests && bytes > last.bytes;
          boolean isBusy = busy.contains(connection);
          if (!inHeaders || isBusy || last.busy) { // after a request, what came may be its body
            return new Progress(requests, bytes, isBusy, now);
          }
          if (now - last.since > options.headerTimeout().toNanos() && closed[0]++ < MAX_CLOSED) {
            connection.getEndPoint().close();
          }
          return last;
        });
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
