// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.eclipse.jetty.io.ManagedSelector;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * A connection that can be asked, while its request waits for an answer, whether the client has
 * closed it. Jetty does not read meanwhile, and only reading shows that a connection was closed: so
 * this reads a few bytes ahead. If there are any, sent by a client that pipelines, Jetty gets them
 * first.
 *
 * <p>While a request is under way, the selector goes on looking for bytes, and is told not to only
 * where some come. So it need not be woken after each answer to look again, as it is by Jetty's
 * own.
 */
final class PeekingEndPoint extends SocketChannelEndPoint {

  private final ManagedSelector selector;

  /** Bytes read ahead that Jetty has yet to take; under this object's lock. */
  private final ByteBuffer ahead = ByteBuffer.allocate(16).flip();

  private boolean ended;
  private boolean fresh;

  private boolean alone;

  /** How often a read is still to find nothing. */
  private int empty;

  /** Whether the selector looks for bytes to read. */
  private boolean watched;

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
   * Tells whether no other connection was to be read when the selector found this one; once, so
   * that the later ones of many requests sent together let others have their turn.
   */
  synchronized boolean isAlone() {
    boolean was = alone;
    alone = false;
    return was;
  }

  /**
   * Lets Jetty's next look for bytes find none, without asking the system. It looks twice; if it
   * did not, a later look would be in vain, and the selector bring about another.
   */
  synchronized void pretendEmpty() {
    empty = 2;
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
    if (empty > 0) {
      empty--;
      return 0;
    }
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

  @Override
  public synchronized @Nullable Runnable onSelected() {
    boolean reading = isFillInterested();
    boolean writing = isWriteInterested();
    // Others run on another thread: until it has read, the selector would find this again.
    watched = getFillInterest().getCallbackInvocationType() == InvocationType.NON_BLOCKING;
    Runnable task = super.onSelected(); // which takes back the interest
    if (watched) {
      super.needsFillInterest(); // before the system is told
    }
    alone = selector.getSelector().selectedKeys().size() == 1;
    return reading || writing ? task : null;
  }

  @Override
  protected synchronized void needsFillInterest() {
    if (ahead.hasRemaining()) { // these bytes do not make the socket readable again
      selector.submit(unused -> getFillInterest().fillable());
    } else if (!watched) {
      watched = true;
      super.needsFillInterest();
    }
  }
}
