// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Invocable;

/**
 * Reads a request's body without blocking, as it arrives, up to a limit. Does not allocate memory
 * on the strength of the length that a client declares.
 */
final class BodyReader implements Invocable.Task {

  /**
   * First buffer of a body with a declared length: a longer one gets more memory only once this
   * much has arrived.
   */
  private static final int FIRST_BYTES = 1 << 14;

  /** First buffer where the client does not declare the length. */
  private static final int UNKNOWN_BYTES = 1 << 12;

  private final Exchange exchange;
  private final int limit;
  private final int most; // that can come
  private final Consumer<byte[]> reader;
  private byte[] bytes;
  private int length;

  private BodyReader(Exchange exchange, int limit, int most, int first, Consumer<byte[]> reader) {
    this.exchange = exchange;
    this.limit = limit;
    this.most = most;
    this.reader = reader;
    this.bytes = new byte[first];
  }

  /**
   * Reads the body and hands it to {@code reader}, on the thread that has read its end; where that
   * is not possible, answers with 413, 400 or 503 itself.
   */
  static void read(Exchange exchange, int limit, Consumer<byte[]> reader) {
    long declared = exchange.request().getLength(); // -1 where the client does not declare it
    exchange.bodyPending(declared != 0);
    if (declared > limit) {
      tooLarge(exchange, limit, declared + " bytes");
      return;
    }
    exchange.reading();
    int most = declared < 0 ? limit : (int) declared; // Jetty cuts a longer body off there
    int first = Math.min(most, declared < 0 ? UNKNOWN_BYTES : FIRST_BYTES);
    if (exchange.reserveOrFail(first)) {
      new BodyReader(exchange, limit, most, first, reader).run();
    }
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }

  @Override
  public void run() {
    try {
      read();
    } catch (RuntimeException | Error e) {
      exchange.failed(e);
    }
  }

  private void read() {
    Request request = exchange.request();
    while (!exchange.isAnswered()) {
      Content.Chunk chunk = request.read();
      if (chunk == null) {
        request.demand(this);
        return;
      }
      if (Content.Chunk.isFailure(chunk)) {
        failed(chunk.getFailure());
        return;
      }
      boolean last = chunk.isLast();
      try {
        if (!append(chunk.getByteBuffer())) {
          return;
        }
      } finally {
        chunk.release();
      }
      if (last) {
        exchange.bodyPending(false);
        reader.accept(length == bytes.length ? bytes : Arrays.copyOf(bytes, length));
        return;
      }
    }
  }

  private boolean append(ByteBuffer chunk) {
    int count = chunk.remaining();
    if (count > limit - length) {
      tooLarge(exchange, limit, "more");
      return false;
    }
    if (count > bytes.length - length) {
      int capacity = (int) Math.max(length + count, Math.min(most, 2L * bytes.length));
      if (!exchange.reserveOrFail(capacity)) {
        return false;
      }
      bytes = Arrays.copyOf(bytes, capacity);
    }
    chunk.get(bytes, length, count);
    length += count;
    return true;
  }

  private static void tooLarge(Exchange exchange, int limit, String found) {
    exchange.fail(
        413,
        "expected a body of at most %d bytes, got %s; send fewer images a request"
            .formatted(limit, found));
  }

  private void failed(Throwable failure) {
    if (failure instanceof HttpException) {
      exchange.fail(400, "the body is not what its headers say: " + Errors.reason(failure));
    } else {
      exchange.abandon();
    }
  }
}
