// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests until the server is gone, and keeps account of those that it must not lose.
 *
 * <p>HTTP lets a server close an idle connection, which a request may cross on its way. So one that
 * ends without a byte of an answer tells nothing, unless it is known that the server had it:
 *
 * <ul>
 *   <li>{@code 100 Continue} has come: the server waits for the body, which follows then;
 *   <li>it came in one segment with another one, whose answer does not say that the connection
 *       closes: what is read together is answered, or refused by that header;
 *   <li>it was sent half a second before the connection ended: nothing is idle then.
 * </ul>
 *
 * <p>What has begun to be answered must be answered to the end; {@link RawClient} sees to that.
 */
final class StopClient implements Callable<Void> {

  private static final int CERTAIN_MS = 500;

  /** The ways to send, in turn by the clients. */
  enum Way {
    SINGLE,
    PIPELINED,
    EXPECTING
  }

  private final int port;
  private final Way way;
  private final GoodRequest good;
  private final AtomicInteger answered;
  private final AtomicInteger refused;
  private final AtomicInteger crossed;

  /**
   * @param answered counts the answers, each of them right
   * @param refused counts the requests that came too late and were told so, by 503
   * @param crossed counts the requests of which nobody knows whether the server saw them
   */
  StopClient(
      int port, int number, AtomicInteger answered, AtomicInteger refused, AtomicInteger crossed) {
    this.port = port;
    this.way = Way.values()[number % Way.values().length];
    this.good = new GoodRequest(number);
    this.answered = answered;
    this.refused = refused;
    this.crossed = crossed;
  }

  @Override
  public Void call() throws IOException {
    while (true) {
      RawClient client;
      try {
        client = new RawClient(port);
      } catch (IOException e) {
        return null; // refused: it has stopped to listen
      }
      try (client) {
        boolean open = true;
        while (open) {
          open =
              switch (way) {
                case SINGLE -> single(client);
                case PIPELINED -> pipelined(client);
                case EXPECTING -> expecting(client);
              };
        }
      }
    }
  }

  /** Sends bytes and reads the answer to them; null where the two may have crossed. */
  private RawClient.@Nullable Reply exchange(RawClient client, byte[] request) throws IOException {
    if (!client.trySend(request)) {
      crossed.incrementAndGet();
      return null;
    }
    long sent = System.nanoTime();
    RawClient.Reply reply = client.reply();
    if (reply == null) {
      long millis = (System.nanoTime() - sent) / 1_000_000;
      if (millis > CERTAIN_MS) {
        throw new AssertionError("lost: closed " + millis + " ms after it was sent");
      }
      crossed.incrementAndGet();
    }
    return reply;
  }

  private boolean take(RawClient.Reply reply) throws IOException {
    if (reply.status() == 503) {
      assertThat(reply.closes()).as("%s is the last answer", reply).isTrue();
      assertThat(reply.text()).contains("shutting down");
      refused.incrementAndGet();
      return false;
    }
    good.check(reply);
    answered.incrementAndGet();
    return !reply.closes();
  }

  private boolean single(RawClient client) throws IOException {
    RawClient.Reply reply = exchange(client, good.bytes());
    return reply != null && take(reply);
  }

  private boolean pipelined(RawClient client) throws IOException {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(good.bytes());
    both.writeBytes(good.bytes());
    RawClient.Reply first = exchange(client, both.toByteArray());
    if (first == null || !take(first)) {
      return false;
    }
    RawClient.Reply second = client.reply();
    if (second == null) {
      throw new AssertionError("lost: the second of two that the server has read together");
    }
    return take(second);
  }

  private boolean expecting(RawClient client) throws IOException {
    byte[] whole = good.bytes("Expect: 100-continue\r\n");
    int head = whole.length - good.image().length;
    RawClient.Reply reply = exchange(client, Arrays.copyOf(whole, head));
    if (reply == null) {
      return false;
    }
    if (reply.status() != 100) {
      assertThat(reply.status()).as("%s instead of 100 Continue", reply).isEqualTo(503);
      return take(reply);
    }
    long asked = System.nanoTime();
    RawClient.Reply last = client.trySend(good.image()) ? client.reply() : null;
    if (last == null) {
      long millis = (System.nanoTime() - asked) / 1_000_000;
      throw new AssertionError("lost: closed " + millis + " ms after it was asked for its body");
    }
    return take(last);
  }
}
