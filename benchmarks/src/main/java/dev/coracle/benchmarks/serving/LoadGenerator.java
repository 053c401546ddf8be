// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Sends requests from one thread over non-blocking keep-alive connections: as fast as they are
 * answered (closed loop), or at a rate whatever the answers (open loop).
 *
 * <p>How it works: request <i>i</i> of an open loop is due at <i>i</i> / rate. If a connection is
 * idle then, it takes the request; else the request waits for one. Its time counts from when it was
 * due, so that a server that stalls is charged for all who would have come meanwhile. A connection
 * that the server closes is opened again at once, outside of any request's time. What is due when
 * the load ends, and waits for a connection, is still sent.
 */
final class LoadGenerator {

  private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /**
   * The longest nap while requests are due at a rate: a selector's timeouts are whole ms. An answer
   * is noticed that much late; shorter naps take processors from the server that is measured.
   */
  private static final long NAP_NANOS = 200_000;

  private static final long SELECT_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final InetSocketAddress server;
  private final List<ByteBuffer> messages;
  private final double nanosPerRequest;
  private final Selector selector;
  private final List<ClientConnection> connections = new ArrayList<>();
  private final ArrayDeque<ClientConnection> idle = new ArrayDeque<>();
  private final Latencies accepted = new Latencies();
  private final Latencies refused = new Latencies();
  private long acceptedInTime;
  private long refusedWithoutRetryAfter;
  private long other;
  private long requests;
  private int inFlight;
  private long start;
  private long end;

  private LoadGenerator(
      InetSocketAddress server, List<byte[]> messages, double rate, Selector selector) {
    this.server = server;
    this.messages = messages.stream().map(LoadGenerator::direct).toList();
    this.nanosPerRequest = rate > 0 ? 1e9 / rate : 0;
    this.selector = selector;
  }

  /** The system sends from such buffers, which saves a copy of each message. */
  private static ByteBuffer direct(byte[] message) {
    return ByteBuffer.allocateDirect(message.length).put(message).flip();
  }

  /**
   * What a load measured.
   *
   * @param acceptedPerSecond requests answered by 200 while the load lasted
   * @param accepted times of those answered by 200
   * @param refused times of those answered by 503
   * @param refusedWithoutRetryAfter how many of these said not when to come again
   * @param other requests answered otherwise, cut off, or not sent or answered within 5 s of the
   *     end
   * @param processorShare processor time of the generator itself / time
   */
  record Outcome(
      double acceptedPerSecond,
      Latencies accepted,
      Latencies refused,
      long refusedWithoutRetryAfter,
      long other,
      double processorShare) {

    long requests() {
      return accepted.count() + refused.count() + other;
    }
  }

  /** Sends the next request of a connection when its last one is answered. */
  static Outcome closed(
      InetSocketAddress server, List<byte[]> messages, int connections, Duration time)
      throws IOException {
    return run(server, messages, connections, 0, time);
  }

  /** Sends {@code rate} requests a second, at even distances. */
  static Outcome open(
      InetSocketAddress server, List<byte[]> messages, int connections, double rate, Duration time)
      throws IOException {
    if (!(rate > 0)) {
      throw new IllegalArgumentException("rate (" + rate + ") must be above 0");
    }
    return run(server, messages, connections, rate, time);
  }

  private static Outcome run(
      InetSocketAddress server, List<byte[]> messages, int connections, double rate, Duration time)
      throws IOException {
    try (Selector selector = Selector.open()) {
      LoadGenerator generator = new LoadGenerator(server, messages, rate, selector);
      try {
        generator.connect(connections);
        System.gc(); // else a pause of this JVM would count as the server's
        return generator.run(time);
      } finally {
        for (ClientConnection connection : generator.connections) {
          connection.close();
        }
      }
    }
  }

  private void connect(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      ClientConnection connection = new ClientConnection(server, selector);
      connections.add(connection);
      idle.add(connection);
    }
  }

  private Outcome run(Duration time) throws IOException {
    long processor = processorNanos();
    start = System.nanoTime();
    end = start + time.toNanos();
    long now = start;
    while (now < end || ((inFlight > 0 || nextDue(now) < end) && now < end + GRACE_NANOS)) {
      sendDue(now);
      await(now);
      for (SelectionKey key : selector.selectedKeys()) {
        handle((ClientConnection) key.attachment());
      }
      selector.selectedKeys().clear();
      now = System.nanoTime();
    }
    return new Outcome(
        acceptedInTime * 1e9 / time.toNanos(),
        accepted,
        refused,
        refusedWithoutRetryAfter,
        other + inFlight + unsent(),
        (double) (processorNanos() - processor) / (now - start));
  }

  /** Returns how many requests of an open loop were due and found no connection. */
  private long unsent() {
    long number = requests;
    while (nanosPerRequest > 0 && due(number) < end) { // as for sending: a quotient may be rounded
      number++;
    }
    return number - requests;
  }

  private static long processorNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private long nextDue(long now) {
    return nanosPerRequest == 0 ? now : due(requests);
  }

  /** Returns when a request of an open loop is due. */
  private long due(long number) {
    return start + (long) (number * nanosPerRequest);
  }

  private void sendDue(long now) throws IOException {
    for (long due = nextDue(now); due <= now && due < end; due = nextDue(now)) {
      ClientConnection connection = idle.pollFirst();
      if (connection == null) {
        return;
      }
      ByteBuffer message = messages.get((int) (requests++ % messages.size()));
      inFlight++;
      connection.send(message, due);
    }
  }

  private void await(long now) throws IOException {
    long wait = nextDue(now) >= end || idle.isEmpty() ? Long.MAX_VALUE : nextDue(now) - now;
    if (wait > SELECT_NANOS) {
      selector.select(Math.min(100, TimeUnit.NANOSECONDS.toMillis(wait) - 1));
    } else if (selector.selectNow() == 0 && wait > 0) {
      LockSupport.parkNanos(Math.min(wait, NAP_NANOS));
    }
  }

  private void handle(ClientConnection connection) throws IOException {
    boolean busy = connection.isBusy();
    switch (connection.proceed()) {
      case WAITING -> {}
      case ANSWERED -> {
        inFlight--;
        count(connection);
        if (connection.answer().closes()) {
          connection.reopen();
        }
        idle.addLast(connection);
      }
      case CUT_OFF -> {
        if (busy) {
          cutOff(connection);
        } else {
          connection.reopen(); // stays among the idle ones
        }
      }
    }
  }

  private void cutOff(ClientConnection connection) throws IOException {
    inFlight--;
    other++;
    connection.reopen();
    idle.addLast(connection);
  }

  private void count(ClientConnection connection) {
    long now = System.nanoTime();
    AnswerReader answer = connection.answer();
    if (answer.status() == 200) {
      accepted.add(now - connection.due());
      acceptedInTime += now <= end ? 1 : 0;
    } else if (answer.status() == 503) {
      refused.add(now - connection.due());
      refusedWithoutRetryAfter += answer.hasRetryAfter() ? 0 : 1;
    } else {
      other++;
    }
  }
}
