// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** All requests under way, and what they share. Thread-safe. */
final class Exchanges {

  private static final int CLOSED = Integer.MIN_VALUE;

  private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger(); // CLOSED when no more are admitted
  private final Budget budget;
  private final Health health;

  Exchanges(Budget budget, Health health) {
    this.budget = budget;
    this.health = health;
  }

  Budget budget() {
    return budget;
  }

  /** Counts a request until {@link #remove}; after closing, returns false and does not count it. */
  boolean add(Exchange exchange) {
    int before = count.getAndUpdate(n -> n == CLOSED ? n : n + 1);
    return before != CLOSED && open.add(exchange);
  }

  void remove(Exchange exchange) {
    open.remove(exchange);
    count.decrementAndGet();
  }

  /** Returns the requests under way: a live view that other threads change. */
  Set<Exchange> open() {
    return open;
  }

  boolean isEmpty() {
    return count.get() == 0;
  }

  /** Closes to further requests if none is under way; returns whether it is closed. */
  boolean closeIfEmpty() {
    return count.compareAndSet(0, CLOSED) || count.get() == CLOSED;
  }

  /** Tells whether each further answer is the last one of its connection. */
  boolean isDraining() {
    return health.isDraining();
  }
}
