// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the users of a native resource: its owner, until {@link #close}, and each call under way.
 * The last user frees it, so that nothing is freed during a call, and close need not wait, possibly
 * for the very call that closes.
 */
final class References {

  private final Runnable free;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicInteger users = new AtomicInteger(1);

  References(Runnable free) {
    this.free = free;
  }

  /** Counts one more user, who must call {@link #release}; returns false after close. */
  boolean acquire() {
    int now;
    do {
      now = users.get();
      if (now == 0 || closed.get()) {
        return false;
      }
    } while (!users.compareAndSet(now, now + 1));
    return true;
  }

  void release() {
    if (users.decrementAndGet() == 0) {
      free.run();
    }
  }

  /** Refuses further users and ends the owner's use; a second call does nothing. */
  void close() {
    if (closed.compareAndSet(false, true)) {
      release();
    }
  }
}
