// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.inference.Classifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs requests in batches. Thread-safe.
 *
 * <p>How it works: each model has a lane, a queue of jobs. There are as many runner threads as
 * processors: a free one takes the images that wait in the next lane, up to {@code maxBatch}, and
 * runs them as one call. So a lone request starts at once, and while the runners are busy the next
 * batch forms; no request is delayed to fill a batch. Where a runner is free, a caller can also run
 * a short job itself, in its place: waking another thread can take as long as the model.
 *
 * <p>A job contributes at most {@value #QUANTUM} images at a time and goes back to the end of its
 * lane with the rest. A connection has one job at a time, so connections share the model fairly by
 * images, and a request of thousands of images does not hold up others.
 */
final class Batcher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Batcher.class);

  /** Images of one job before the next one's turn; measured: from 8 on an image costs the same. */
  private static final int QUANTUM = 8;

  private final int maxBatch;
  private final int maxJobs;
  private final long quickNanos;
  private final Metrics metrics;
  private final List<Thread> runners = new ArrayList<>();
  private final int maxRunning;

  /** Guards the fields below and the state of the lanes. */
  private final Object lock = new Object();

  private final Deque<Lane> ready = new ArrayDeque<>();
  private int waiting;
  private int running;
  private boolean closed;

  /**
   * @param quickNanos a batch that takes less than this may run on its caller's thread
   */
  Batcher(int runners, int maxBatch, int maxJobs, long quickNanos, Metrics metrics) {
    this.quickNanos = quickNanos;
    this.maxRunning = runners;
    this.maxBatch = maxBatch;
    this.maxJobs = maxJobs;
    this.metrics = metrics;
    metrics.gauge("coracle.queue.requests", "Requests that wait for a model.", this::waiting);
    for (int i = 0; i < runners; i++) {
      Thread runner = new Thread(this::run, "coracle-runner-" + i);
      runner.setDaemon(true);
      runner.start();
      this.runners.add(runner);
    }
  }

  /**
   * The jobs of one model, and the number of its users; closes the model once it has neither, after
   * {@link #close}.
   */
  final class Lane {

    private final Classifier classifier;
    private final int maxBatch;
    private final Deque<Job> jobs = new ArrayDeque<>();
    private final CompletableFuture<@Nullable Void> freed = new CompletableFuture<>();
    private int users;
    private int running;
    private boolean closing;
    private boolean freeing;

    /** What the last batch has taken for an image. */
    private volatile long imageNanos = quickNanos;

    private Lane(Classifier classifier, int maxBatch) {
      this.classifier = classifier;
      this.maxBatch = maxBatch;
    }

    /** Keeps the model open until {@link #exit}; returns false where the lane is closed. */
    boolean enter() {
      synchronized (lock) {
        users += closing ? 0 : 1;
        return !closing;
      }
    }

    void exit() {
      synchronized (lock) {
        users--;
      }
      freeIfDone();
    }

    /**
     * Queues a job of a user who has entered; returns false if too many jobs wait, in all lanes
     * together, or the batcher is closed.
     */
    boolean submit(Job job) {
      synchronized (lock) {
        if (closed || waiting >= maxJobs) {
          return false;
        }
        waiting++;
        add(job);
        return true;
      }
    }

    /**
     * Runs a job of a user who has entered, on this thread, if a runner is free, nothing waits, and
     * it is short, by what the last batch took; else returns false.
     */
    boolean runNow(Job job) {
      int count = job.untaken();
      if (count > Math.min(QUANTUM, maxBatch) || count * imageNanos >= quickNanos) {
        return false;
      }
      Batch batch = new Batch(this, new ArrayList<>(List.of(new Slice(job, 0, count))));
      synchronized (lock) {
        if (closed || !ready.isEmpty() || Batcher.this.running == maxRunning) {
          return false;
        }
        job.take(count);
        start(batch);
      }
      run(batch);
      return true;
    }

    /** Tells whether {@link #submit} would refuse a job now. */
    boolean isFull() {
      synchronized (lock) {
        return closed || waiting >= maxJobs;
      }
    }

    private void add(Job job) {
      jobs.addLast(job);
      if (jobs.size() == 1) {
        ready.addLast(this);
      }
      lock.notify();
    }

    /** Lets no further user enter, and closes the model when those who have entered are done. */
    void close() {
      synchronized (lock) {
        closing = true;
      }
      freeIfDone();
    }

    /** Returns a future that completes when the model is closed, exceptionally if closing fails. */
    CompletableFuture<@Nullable Void> freed() {
      return freed;
    }

    private void freeIfDone() {
      synchronized (lock) {
        if (!closing || users + running > 0 || !jobs.isEmpty() || freeing) {
          return;
        }
        freeing = true;
      }
      try {
        classifier.close();
        freed.complete(null);
      } catch (RuntimeException | Error e) { // the last user to leave can do nothing about it
        freed.completeExceptionally(e);
        log("a model could not be closed", e);
      }
    }
  }

  Lane lane(Classifier classifier) {
    return new Lane(classifier, Math.min(maxBatch, classifier.codec().maxBatch()));
  }

  int waiting() {
    synchronized (lock) {
      return waiting;
    }
  }

  /** Some images of one job, from {@code first} on. */
  private record Slice(Job job, int first, int count) {}

  private record Batch(Lane lane, List<Slice> slices) {}

  private void run() {
    boolean more = true;
    while (more) {
      try {
        Batch batch = next();
        more = batch != null;
        if (batch != null) {
          run(batch);
        }
      } catch (RuntimeException | Error e) { // such as out of memory: the runner must go on
        log("a runner failed", e);
      }
    }
  }

  private void run(Batch batch) {
    try {
      // Asked here, outside the lock, not when the batch was made: it may read from the network.
      batch.slices.removeIf(slice -> !slice.job.isWanted());
      run(batch.lane, batch.slices);
    } catch (RuntimeException | Error e) {
      batch.slices.forEach(slice -> fail(slice, e));
    } finally {
      end(batch);
    }
  }

  private void start(Batch batch) {
    batch.lane.running++;
    running++;
  }

  private void end(Batch batch) {
    synchronized (lock) {
      batch.lane.running--;
      running--;
      if (closed) {
        lock.notifyAll();
      } else if (!ready.isEmpty()) {
        lock.notify(); // a runner may have waited for this to end
      }
    }
    batch.lane.freeIfDone();
  }

  /** Fails one job and only logs an exception from that, for the other jobs' results. */
  private static void fail(Slice slice, Throwable failure) {
    try {
      slice.job.fail(failure);
    } catch (RuntimeException | Error e) { // its deadline will end it
      log("a request could not be told that it has failed", e);
    }
  }

  /** Logs, unless there is no memory for it. */
  static void log(String what, Throwable failure) {
    try {
      LOG.error(what, failure);
    } catch (OutOfMemoryError e) {
      // Nothing can be reported then; going on matters more.
    }
  }

  /** Waits for work; returns null when the batcher is closed and nothing is left. */
  private @Nullable Batch next() {
    synchronized (lock) {
      while (true) {
        Lane lane = running < maxRunning ? ready.pollFirst() : null;
        if (lane != null) {
          try {
            Batch batch = new Batch(lane, new ArrayList<>(lane.maxBatch));
            fill(batch.slices, lane);
            start(batch);
            return batch;
          } finally { // even when out of memory: a lane not queued here would never run again
            if (!lane.jobs.isEmpty()) {
              ready.addLast(lane);
              lock.notify();
            }
          }
        }
        if (closed && ready.isEmpty()) {
          return null;
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          throw new AssertionError("nobody interrupts a runner", e);
        }
      }
    }
  }

  private void fill(List<Slice> slices, Lane lane) {
    int room = lane.maxBatch;
    for (Job job = lane.jobs.peekFirst(); room > 0 && job != null; job = lane.jobs.peekFirst()) {
      int count = job.isOver() ? 0 : Math.min(Math.min(QUANTUM, job.untaken()), room);
      if (count > 0) {
        try {
          slices.add(new Slice(job, job.taken(), count)); // before anything is changed
        } catch (OutOfMemoryError e) {
          if (slices.isEmpty()) {
            throw e;
          }
          return; // what has been taken from the lane must run
        }
      }
      lane.jobs.removeFirst();
      job.take(count);
      room -= count;
      if (count == 0 || job.untaken() == 0) {
        waiting--;
      } else {
        lane.jobs.addLast(job);
      }
    }
  }

  private void run(Lane lane, List<Slice> slices) {
    if (slices.isEmpty()) {
      return;
    }
    List<Object> images = new ArrayList<>(maxBatch);
    for (Slice slice : slices) {
      images.addAll(slice.job.images().subList(slice.first, slice.first + slice.count));
    }
    long start = System.nanoTime();
    float[] scores;
    try {
      scores = lane.classifier.scores(images);
    } catch (RuntimeException | Error e) {
      lane.imageNanos = quickNanos;
      if (slices.size() == 1) {
        fail(slices.get(0), e);
      } else { // one job may have failed them all: find out which
        slices.forEach(slice -> run(lane, List.of(slice)));
      }
      return;
    }
    long nanos = System.nanoTime() - start;
    lane.imageNanos = nanos / images.size();
    metrics.batch(images.size(), nanos);
    int classes = scores.length / images.size();
    int row = 0;
    for (Slice slice : slices) {
      try {
        slice.job.give(slice.first, slice.count, scores, row, classes);
      } catch (RuntimeException | Error e) { // such as no memory for the answer to a huge request
        fail(slice, e);
      }
      row += slice.count;
    }
  }

  /**
   * Refuses further jobs, lets those queued finish, and waits for the threads, and callers who run
   * one, to end.
   */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    boolean interrupted = false;
    for (Thread runner : runners) {
      while (runner.isAlive()) {
        try {
          runner.join();
        } catch (InterruptedException e) {
          interrupted = true; // the model must not be closed under them
        }
      }
    }
    synchronized (lock) {
      while (running > 0) { // by callers
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
