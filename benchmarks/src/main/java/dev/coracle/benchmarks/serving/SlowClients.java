// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Holds many connections whose headers never end: each sends one byte a second, and is opened anew
 * when the server closes it. Runs on one thread until closed.
 */
final class SlowClients implements AutoCloseable {

  private static final int ROUND_MS = 1000;
  private static final int STEPS = 50;

  private static final byte[] HEADERS =
      ("POST /invocations HTTP/1.1\r\nHost: localhost\r\nX-Padding: " + "x".repeat(2000))
          .getBytes(StandardCharsets.US_ASCII);

  private final InetSocketAddress server;
  private final SocketChannel[] channels;
  private final int[] sent;
  private final ByteBuffer in = ByteBuffer.allocate(1024);
  private final Thread thread = new Thread(this::run, "slow-clients");
  private volatile boolean stopped;
  private final AtomicLong reopened = new AtomicLong();
  private volatile IOException failure;

  /** Opens all connections and starts. */
  SlowClients(InetSocketAddress server, int count) throws IOException {
    this.server = server;
    this.channels = new SocketChannel[count];
    this.sent = new int[count];
    for (int i = 0; i < count; i++) {
      channels[i] = open();
    }
    thread.start();
  }

  private SocketChannel open() throws IOException {
    SocketChannel channel = SocketChannel.open(server);
    channel.configureBlocking(false);
    return channel;
  }

  private void run() {
    try {
      while (!stopped) {
        for (int step = 0; step < STEPS && !stopped; step++) {
          for (int i = step; i < channels.length; i += STEPS) {
            drop(i);
          }
          TimeUnit.MILLISECONDS.sleep(ROUND_MS / STEPS);
        }
      }
    } catch (IOException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void drop(int i) throws IOException {
    if (!write(i)) {
      channels[i].close();
      channels[i] = open();
      sent[i] = 0;
      reopened.incrementAndGet();
    }
  }

  /** Returns false where the server has closed the connection. */
  private boolean write(int i) {
    try {
      in.clear();
      if (channels[i].read(in) < 0) {
        return false;
      }
      ByteBuffer next = ByteBuffer.wrap(HEADERS, sent[i] % HEADERS.length, 1);
      sent[i] += channels[i].write(next);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns how often the server has closed a connection. */
  long reopened() {
    return reopened.get();
  }

  /** Stops and closes all connections; throws where they could not be held. */
  @Override
  public void close() throws IOException {
    stopped = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the slow clients stopped");
    }
    for (SocketChannel channel : channels) {
      channel.close();
    }
    if (failure != null) {
      throw new IOException("the slow clients could not go on", failure);
    }
  }
}
