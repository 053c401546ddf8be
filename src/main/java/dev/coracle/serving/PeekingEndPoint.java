// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * A connection that can be asked, while its request waits for an answer, whether the client has
 * closed it. Jetty does not read meanwhile, and only reading shows that a connection was closed: so
 * this reads a few bytes ahead. If there are any, sent by a client that pipelines, Jetty gets them
 * first.
 */
final class PeekingEndPoint extends SocketChannelEndPoint {

  private final ManagedSelector selector;

  /** Bytes read ahead that Jetty has yet to take; under this object's lock. */
  private final ByteBuffer ahead = ByteBuffer.allocate(16).flip();

  private boolean ended;
  private boolean fresh;

  PeekingEndPoint(
      SocketChannel channel, ManagedSelector selector, SelectionKey key, Scheduler scheduler) {
    super(channel, selector, key, scheduler);
    this.selector = selector;
  }

  /** Tells whether the client has closed its side. To be asked between request and answer only. */
  synchronized boolean isPeerGone() {
    if (isFillInterested()) {
      return false; // answered meanwhile: Jetty is reading
    }
    if (!ended && !ahead.hasRemaining()) {
      try {
        ahead.clear();
        ended = getChannel().read(ahead) < 0;
      } catch (IOException e) {
        ended = true; // reset by the client
      } finally {
        ahead.flip();
      }
    }
    return ended;
  }

  /**
   * Tells whether this is the first request since bytes were read; later ones were sent without
   * waiting for an answer.
   */
  synchronized boolean isFirstSinceRead() {
    boolean first = fresh;
    fresh = false;
    return first;
  }

  @Override
  public synchronized int fill(ByteBuffer buffer) throws IOException {
    if (ahead.hasRemaining()) {
      int position = BufferUtil.flipToFill(buffer);
      int count = Math.min(buffer.remaining(), ahead.remaining());
      buffer.put(buffer.position(), ahead, ahead.position(), count);
      buffer.position(buffer.position() + count);
      ahead.position(ahead.position() + count);
      BufferUtil.flipToFlush(buffer, position);
      notIdle();
      fresh = true;
      return count;
    }
    fresh = true;
    return super.fill(buffer); // finds the end again, if there is one
  }

  /** Notifies Jetty of bytes read ahead: they do not make the socket readable again. */
  @Override
  protected void needsFillInterest() {
    boolean now;
    synchronized (this) {
      now = ahead.hasRemaining();
    }
    if (now) {
      selector.submit(unused -> getFillInterest().fillable());
    } else {
      super.needsFillInterest();
    }
  }
}
