// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LimitedBodyTest {

  /** Counts what the HTTP client would be asked for. */
  private static final class Source implements Subscription {
    private long requested;
    private boolean cancelled;

    @Override
    public void request(long count) {
      requested += count;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }

  private final Source source = new Source();
  private final AtomicLong received = new AtomicLong();
  private final LimitedBody body = new LimitedBody(5, received);
  private final CompletableFuture<byte[]> content = body.getBody().toCompletableFuture();

  private static ByteBuffer bytes(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length);
    for (int value : values) {
      bytes.put((byte) value);
    }
    return bytes.flip();
  }

  @Test
  void onNext_asManyBytesAsTheLimit_completes() {
    body.onSubscribe(source);
    body.onNext(List.of(bytes(1, 2), bytes(3)));
    body.onNext(List.of(bytes(4, 5)));
    assertThat(content).isNotDone();
    body.onComplete();
    assertThat(content).isCompleted();
    assertThat(content.join()).containsExactly(1, 2, 3, 4, 5);
    assertThat(received).hasValue(5);
    assertThat(source.requested).isEqualTo(3);
    assertThat(source.cancelled).isFalse();
  }

  @Test
  void onNext_oneByteMore_failsAndCancels() {
    body.onSubscribe(source);
    body.onNext(List.of(bytes(1, 2), bytes(3, 4, 5)));
    body.onNext(List.of(bytes(6)));
    assertThat(content)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(RefusedException.class)
        .withMessage("its body is longer than 5 bytes");
    assertThat(source.cancelled).isTrue();
    assertThat(source.requested).isEqualTo(2);
  }

  @Test
  void discarding_anyBody_isEmptyAndCancelsAtOnce() {
    LimitedBody discarding = LimitedBody.discarding();
    discarding.onSubscribe(source);
    assertThat(discarding.getBody().toCompletableFuture().join()).isEmpty();
    assertThat(source.cancelled).isTrue();
    assertThat(source.requested).isZero();
  }
}
