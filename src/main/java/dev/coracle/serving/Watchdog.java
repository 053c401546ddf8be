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

/**
 * Ends what takes too long, checking everything several times a second: requests whose answer or
 * body is late, and connections that trickle a request's headers.
 */
final class Watchdog implements Connection.Listener, AutoCloseable {

  private static final int PERIOD_MS = 100;

  /**
   * One in this many connections may be closed in one check, but at least {@link #MIN_CLOSED}.
   * Their clients reconnect at once, and ten that do so take 2 ms or more, during which requests
   * wait.
   */
  private static final int CLOSED_PART = 300;

  private static final int MIN_CLOSED = 3;

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
    every(PERIOD_MS, this::checkConnections);
  }

  /** Runs a quick task periodically. */
  void every(int millis, Runnable task) {
    ScheduledFuture<?> unused =
        timer.scheduleWithFixedDelay(
            () -> {
              try {
                task.run();
              } catch (RuntimeException | Error e) { // else the task would not run again
                Batcher.log("the watchdog failed", e);
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

  /** What a connection had received when it was last not amid headers; for one thread. */
  private static final class Progress {

    private long requests;
    private long bytes;
    private boolean busy;
    private long since = System.nanoTime();

    /** Tells whether bytes have arrived that are no request yet; if not, restarts the clock. */
    boolean isInHeaders(Connection connection, boolean isBusy, long now) {
      long requestsNow = connection.getMessagesIn();
      long bytesNow = connection.getBytesIn();
      // After a request, the new bytes may be its body.
      if (requestsNow == requests && bytesNow > bytes && !isBusy && !busy) {
        return true;
      }
      requests = requestsNow;
      bytes = bytesNow;
      busy = isBusy;
      since = now;
      return false;
    }
  }

  @Override
  public void onOpened(Connection connection) {
    connections.put(connection, new Progress());
  }

  @Override
  public void onClosed(Connection connection) {
    connections.remove(connection);
  }

  /**
   * Closes a connection on which bytes have come for longer than headers may take without making a
   * request. Jetty's idle timeout covers those without bytes, {@link #checkExchanges} those with a
   * request.
   */
  private void checkConnections() {
    long now = System.nanoTime();
    Set<Connection> busy =
        exchanges.open().stream().map(Exchange::connection).collect(Collectors.toSet());
    int toClose = Math.max(MIN_CLOSED, connections.size() / CLOSED_PART);
    for (Map.Entry<Connection, Progress> entry : connections.entrySet()) {
      Connection connection = entry.getKey();
      Progress progress = entry.getValue();
      if (progress.isInHeaders(connection, busy.contains(connection), now)
          && now - progress.since > options.headerTimeout().toNanos()
          && toClose > 0) {
        toClose--;
        connection.getEndPoint().close();
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
