// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Holds connections that send headers in drops, send bodies in drops, or ask for much and do not
 * read it; one thread serves all. A connection that the server closes is made anew.
 */
final class SlowConnections implements AutoCloseable {

  private static final byte[] HEADERS =
      ("GET /ping HTTP/1.1\r\nHost: a\r\n" + "X-Slow: 1\r\n".repeat(500)).getBytes(US_ASCII);
  private static final byte[] BODY =
      ("POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n"
              + "Content-Length: 7840\r\n\r\n"
              + "\0".repeat(7840))
          .getBytes(US_ASCII);
  private static final byte[] UNREAD =
      "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(200).getBytes(US_ASCII);

  private static final List<byte[]> KINDS = List.of(HEADERS, BODY, UNREAD);

  private final int port;
  private final List<Slow> all = new ArrayList<>();
  private final Thread thread = new Thread(this::run, "slow-connections");
  private volatile boolean running = true;
  private final AtomicInteger reopened = new AtomicInteger();

  private static final class Slow {
    final byte[] request;
    SocketChannel channel;
    int sent;

    Slow(byte[] request, SocketChannel channel) {
      this.request = request;
      this.channel = channel;
    }
  }

  SlowConnections(int port, int count) throws IOException {
    this.port = port;
    for (int i = 0; i < count; i++) {
      all.add(new Slow(KINDS.get(i % KINDS.size()), open()));
    }
    thread.start();
  }

  /** Returns how many the server has closed. */
  int reopened() {
    return reopened.get();
  }

  private SocketChannel open() throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.setOption(StandardSocketOptions.SO_RCVBUF, 4_096);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.configureBlocking(false);
    return channel;
  }

  private void run() {
    try {
      while (running) {
        for (Slow slow : all) {
          drop(slow);
        }
        Thread.sleep(100);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the slow connections failed", e);
    }
  }

  private void drop(Slow slow) throws IOException {
    try {
      int count = slow.request == UNREAD ? slow.request.length : 7;
      int rest = slow.request.length - slow.sent;
      if (rest > 0) {
        slow.sent +=
            slow.channel.write(ByteBuffer.wrap(slow.request, slow.sent, Math.min(count, rest)));
      }
      boolean reads = slow.request != UNREAD;
      if (reads && (rest == 0 || slow.channel.read(ByteBuffer.allocate(512)) != 0)) {
        throw new IOException("answered or closed");
      }
    } catch (IOException e) {
      slow.channel.close();
      slow.channel = open();
      slow.sent = 0;
      reopened.incrementAndGet();
    }
  }

  @Override
  public void close() throws IOException {
    running = false;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (Slow slow : all) {
      slow.channel.close();
    }
  }
}
