// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Keeps {@link BatchBuffers} between calls, for each capacity as many as have been in use at the
 * same time. Unlike thread locals, they can all be freed on close, and they serve threads that live
 * for one call only. Thread-safe.
 */
final class BufferPool implements AutoCloseable {

  private final int[] capacities;
  private final List<Deque<BatchBuffers>> idle;
  private final IntFunction<BatchBuffers> make;

  /**
   * @param capacities in ascending order; the last is the most images that {@link #take} accepts
   */
  BufferPool(int[] capacities, IntFunction<BatchBuffers> make) {
    this.capacities = capacities;
    this.make = make;
    this.idle = Arrays.stream(capacities).mapToObj(n -> newDeque()).toList();
  }

  private static Deque<BatchBuffers> newDeque() {
    return new ArrayDeque<>();
  }

  /** Returns buffers for at least that many images; the caller gives them back. */
  BatchBuffers take(int images) {
    int bucket = bucket(images);
    @Nullable BatchBuffers buffers;
    synchronized (this) {
      buffers = idle.get(bucket).pollLast(); // the most recently used, still in the CPU's caches
    }
    return buffers == null ? make.apply(capacities[bucket]) : buffers;
  }

  synchronized void give(BatchBuffers buffers) {
    idle.get(bucket(buffers.capacity())).addLast(buffers);
  }

  private int bucket(int images) {
    int bucket = 0;
    while (capacities[bucket] < images) {
      bucket++;
    }
    return bucket;
  }

  /** Closes the idle buffers, which are all of them when no call is under way. */
  @Override
  public synchronized void close() {
    for (Deque<BatchBuffers> some : idle) {
      some.forEach(BatchBuffers::close);
      some.clear();
    }
  }
}
