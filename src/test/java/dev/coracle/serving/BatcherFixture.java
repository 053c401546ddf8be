// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A batcher with one runner, and jobs for it. */
@Timeout(60)
abstract class BatcherFixture {

  static final int MAX_JOBS = 50;

  /** So that tests do not depend on how quick the machine is. */
  private static final long HOUR_NANOS = 3_600_000_000_000L;

  final Metrics metrics = new Metrics();
  final List<Waiter> gates = new ArrayList<>();
  final Path file;
  Classifier classifier;
  Batcher batcher;
  Batcher.Lane lane;

  BatcherFixture(Path folder) {
    this.file = folder.resolve("model.onnx");
  }

  @BeforeEach
  void open() throws IOException {
    classifier = Classifier.open(TestModel.mnist().write(file));
    batcher = new Batcher(1, 32, MAX_JOBS, HOUR_NANOS, metrics);
    lane = batcher.lane(classifier);
  }

  @AfterEach
  void close() {
    gates.forEach(gate -> gate.release.countDown()); // where an assertion failed before
    batcher.close();
    lane.close();
    metrics.close();
  }

  /** A job whose end tests can wait for, and which can hold up the only runner with its answer. */
  static class Waiter implements Job.Owner {
    final CompletableFuture<float[]> scores = new CompletableFuture<>();
    final CountDownLatch running = new CountDownLatch(1);
    final CountDownLatch release;
    final AtomicInteger asked = new AtomicInteger();
    volatile boolean wanted = true;

    Waiter(int gates) {
      this.release = new CountDownLatch(gates);
    }

    @Override
    public boolean isWanted() {
      asked.incrementAndGet();
      return wanted;
    }

    @Override
    public void done(float[] result) {
      running.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      scores.complete(result);
    }

    @Override
    public void failed(Throwable failure) {
      scores.completeExceptionally(failure);
    }

    float[] await() throws Exception {
      return scores.get(30, TimeUnit.SECONDS);
    }
  }

  Waiter submit(List<?> images) {
    Waiter waiter = new Waiter(0);
    assertThat(lane.submit(new Job(images, waiter))).isTrue();
    return waiter;
  }

  /** Holds up the runner until the returned job is released. */
  Waiter hold() throws InterruptedException {
    Waiter gate = new Waiter(1);
    gates.add(gate);
    assertThat(lane.submit(new Job(images(1), gate))).isTrue();
    gate.running.await();
    return gate;
  }

  static List<byte[]> images(int count) {
    Random random = new Random(count);
    List<byte[]> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] image = new byte[784];
      random.nextBytes(image);
      images.add(image);
    }
    return images;
  }

  double metric(String name) {
    return metrics
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow();
  }

  static void record(List<String> order, String name, Waiter waiter) {
    CompletableFuture<?> unused = waiter.scores.thenRun(() -> order.add(name));
  }
}
