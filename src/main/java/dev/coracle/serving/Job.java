// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The images of one request on their way through a {@link Batcher}, and their scores. */
final class Job {

  /**
   * Whoever waits for a job; called on the threads that run batches. Gets at most one of {@link
   * #done} and {@link #failed}.
   */
  interface Owner {

    /** Tells whether anybody still waits for the answer; asked before each part of the job runs. */
    boolean isWanted();

    /** Takes the model's output, (images, classes). */
    void done(float[] scores);

    void failed(Throwable failure);
  }

  private final List<?> images;
  private final Owner owner;
  private final AtomicInteger left;

  /** Images handed to runners so far; under the batcher's lock. */
  private int taken;

  /** Allocated when the first scores arrive. */
  private float @Nullable [] scores;

  private boolean failed;

  /** Whether it has failed or nobody waits any more, so that the rest need not run. */
  private volatile boolean over;

  Job(List<?> images, Owner owner) {
    this.images = images;
    this.owner = owner;
    this.left = new AtomicInteger(images.size());
  }

  List<?> images() {
    return images;
  }

  boolean isWanted() {
    boolean wanted = owner.isWanted();
    over |= !wanted;
    return wanted;
  }

  /** Tells whether the rest need not run, after a failure or by the last {@link #isWanted}. */
  boolean isOver() {
    return over;
  }

  int taken() {
    return taken;
  }

  int untaken() {
    return images.size() - taken;
  }

  void take(int count) {
    taken += count;
  }

  /**
   * Stores the scores of images {@code first} to {@code first + count - 1}, from row {@code row} of
   * a batch on.
   */
  void give(int first, int count, float[] batch, int row, int classes) {
    float[] target = target(classes);
    System.arraycopy(batch, row * classes, target, first * classes, count * classes);
    if (left.addAndGet(-count) == 0 && !hasFailed()) {
      owner.done(target);
    }
  }

  private synchronized float[] target(int classes) {
    if (scores == null) {
      scores = new float[images.size() * classes];
    }
    return scores;
  }

  private synchronized boolean hasFailed() {
    return failed;
  }

  /** Ends the job with a failure; further failures, of other parts, are not reported. */
  void fail(Throwable failure) {
    synchronized (this) {
      if (failed) {
        return;
      }
      failed = true;
    }
    over = true;
    owner.failed(failure);
  }
}
