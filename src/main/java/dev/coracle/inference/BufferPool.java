// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Keeps {@link BatchBuffers} between calls, for each capacity as many as calls have run at the same
 * time. Unlike thread locals they can all be freed by whoever closes, and serve threads that live
 * for one call. Thread-safe.
 */
final class BufferPool implements AutoCloseable {

  private final int[] capacities;
  private final List<Deque<BatchBuffers>> idle;
  private final IntFunction<BatchBuffers> make;

  /**
   * @param capacities in ascending order; the last one is the most images that a call may have
   */
  BufferPool(int[] capacities, IntFunction<BatchBuffers> make) {
    this.capacities = capacities;
    this.make = make;
    this.idle = Arrays.stream(capacities).mapToObj(n -> newDeque()).toList();
  }

  private static Deque<BatchBuffers> newDeque() {
    return new ArrayDeque<>();
  }

  /** Returns buffers for at least that many images, to be given back. */
  BatchBuffers take(int images) {
    int bucket = bucket(images);
    @Nullable BatchBuffers buffers;
    synchronized (this) {
      buffers = idle.get(bucket).pollLast(); // the last one used: it is still in the caches
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

  /** Closes what is idle: with no call under way, all there is. */
  @Override
  public synchronized void close() {
    for (Deque<BatchBuffers> some : idle) {
      some.forEach(BatchBuffers::close);
      some.clear();
    }
  }
}
