// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes of bodies and images that all requests hold together. Thread-safe. */
final class Budget {

  private final long limit;
  private final AtomicLong used = new AtomicLong();

  Budget(long limit) {
    this.limit = limit;
  }

  /**
   * Takes bytes, which {@link #give} returns; returns false, having taken none, beyond the limit.
   */
  boolean take(long bytes) {
    long before = used.get();
    while (bytes <= limit - before) { // adding first would refuse others what is then given back
      if (used.compareAndSet(before, before + bytes)) {
        return true;
      }
      before = used.get();
    }
    return false;
  }

  void give(long bytes) {
    used.addAndGet(-bytes);
  }

  long limit() {
    return limit;
  }

  long used() {
    return used.get();
  }
}
