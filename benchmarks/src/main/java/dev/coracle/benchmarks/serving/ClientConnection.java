// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** One connection of a {@link LoadGenerator}, with at most one request on its way. */
final class ClientConnection {

  /** What {@link #proceed} found. */
  enum State {
    WAITING,
    ANSWERED,
    CUT_OFF
  }

  private final InetSocketAddress server;
  private final Selector selector;
  private final AnswerReader answer = new AnswerReader();
  private final ByteBuffer in = ByteBuffer.allocateDirect(1 << 16);
  private ByteBuffer out = ByteBuffer.allocate(0);
  private SocketChannel channel;
  private SelectionKey key;
  private boolean busy;
  private long due;

  /** Connects, waiting for that. */
  ClientConnection(InetSocketAddress server, Selector selector) throws IOException {
    this.server = server;
    this.selector = selector;
    open();
  }

  private void open() throws IOException {
    channel = SocketChannel.open(server); // on this machine, that is done by the kernel alone
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.configureBlocking(false);
    key = channel.register(selector, SelectionKey.OP_READ, this);
  }

  /** Starts anew after the other side has closed; what was on its way is forgotten. */
  void reopen() throws IOException {
    busy = false;
    close();
    open();
  }

  void close() throws IOException {
    channel.close();
  }

  boolean isBusy() {
    return busy;
  }

  /** Returns the time given to {@link #send}. */
  long due() {
    return due;
  }

  AnswerReader answer() {
    return answer;
  }

  /** Sends as much of a request as goes at once. */
  void send(ByteBuffer message, long due) {
    this.due = due;
    busy = true;
    answer.reset();
    out = message.duplicate();
    write();
  }

  private void write() {
    try {
      channel.write(out);
    } catch (IOException e) {
      out.position(out.limit()); // reading will tell: an answer may have come before the cut
    }
    int ops = SelectionKey.OP_READ | (out.hasRemaining() ? SelectionKey.OP_WRITE : 0);
    if (key.interestOps() != ops) {
      key.interestOps(ops);
    }
  }

  /** Writes and reads what can be; an answer to no request is taken for a cut. */
  State proceed() throws IOException {
    if (busy && out.hasRemaining() && key.isWritable()) {
      write();
    }
    in.clear();
    int count;
    try {
      count = channel.read(in);
    } catch (IOException e) {
      return State.CUT_OFF; // reset by the server
    }
    if (count < 0) {
      return State.CUT_OFF;
    }
    if (count == 0) {
      return State.WAITING;
    }
    if (!busy) {
      return State.CUT_OFF;
    }
    in.flip();
    if (!answer.read(in)) {
      return State.WAITING;
    }
    busy = false;
    return State.ANSWERED;
  }
}
