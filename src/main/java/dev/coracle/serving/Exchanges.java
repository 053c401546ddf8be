// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** All requests under way, and what they share. Thread-safe. */
final class Exchanges {

  private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
  private final Budget budget;
  private volatile boolean draining;

  Exchanges(Budget budget) {
    this.budget = budget;
  }

  Budget budget() {
    return budget;
  }

  void add(Exchange exchange) {
    open.add(exchange);
  }

  void remove(Exchange exchange) {
    open.remove(exchange);
  }

  /** Returns the requests under way; a view that others change meanwhile. */
  Set<Exchange> open() {
    return open;
  }

  /** Makes each further answer the last one of its connection. */
  void drain() {
    draining = true;
  }

  boolean isDraining() {
    return draining;
  }
}
