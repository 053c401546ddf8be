// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Collects the body of one HTTP response in memory, and cancels the response as soon as it is
 * longer than the limit. The HTTP client calls it from one thread at a time.
 */
final class LimitedBody implements BodySubscriber<byte[]> {

  private final long limit;
  private final AtomicLong received;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CompletableFuture<byte[]> body = new CompletableFuture<>();
  private @Nullable Subscription subscription;

  /** Counts the bytes in {@code received} as they arrive, for another thread to read. */
  LimitedBody(long limit, AtomicLong received) {
    this.limit = limit;
    this.received = received;
  }

  /** Returns one that drops the response at once: an error page may be long and slow. */
  static LimitedBody discarding() {
    LimitedBody empty = new LimitedBody(0, new AtomicLong());
    empty.body.complete(new byte[0]);
    return empty;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Subscription newSubscription) {
    subscription = newSubscription;
    if (body.isDone()) {
      newSubscription.cancel();
    } else {
      newSubscription.request(1);
    }
  }

  @Override
  public void onNext(List<ByteBuffer> parts) {
    for (ByteBuffer part : parts) {
      if (received.addAndGet(part.remaining()) > limit) {
        body.completeExceptionally(
            new RefusedException("its body is longer than " + limit + " bytes"));
        if (subscription != null) {
          subscription.cancel();
        }
        return;
      }
      byte[] chunk = new byte[part.remaining()];
      part.get(chunk);
      bytes.writeBytes(chunk);
    }
    if (subscription != null) {
      subscription.request(1);
    }
  }

  @Override
  public void onError(Throwable problem) {
    body.completeExceptionally(problem);
  }

  @Override
  public void onComplete() {
    body.complete(bytes.toByteArray());
  }
}
