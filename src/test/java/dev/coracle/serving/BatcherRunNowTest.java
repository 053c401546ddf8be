// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that their caller runs in place of the runner. */
class BatcherRunNowTest extends BatcherFixture {

  BatcherRunNowTest(@TempDir Path folder) {
    super(folder);
  }

  /** Runs a batch, by which the next one is known to be quick. */
  private void warmUp() throws Exception {
    submit(images(1)).await();
    while (!lane.runNow(new Job(images(1), new Waiter(0)))) {
      Thread.onSpinWait(); // the runner has yet to note that it is free
    }
  }

  /** Runs a job on a thread of its own, which it holds up until it is released. */
  private Waiter holdNow() throws Exception {
    warmUp();
    Waiter gate = new Waiter(1);
    gates.add(gate);
    Thread caller = new Thread(() -> lane.runNow(new Job(images(1), gate)));
    caller.setDaemon(true);
    caller.start();
    assertThat(gate.running.await(30, TimeUnit.SECONDS)).isTrue();
    return gate;
  }

  @Test
  void runNow_lone_runsOnThisThread() throws Exception {
    warmUp();
    List<Thread> threads = new ArrayList<>();
    Waiter waiter =
        new Waiter(0) {
          @Override
          public void done(float[] result) {
            threads.add(Thread.currentThread());
            super.done(result);
          }
        };

    assertThat(lane.runNow(new Job(images(3), waiter))).isTrue();

    assertThat(threads).containsExactly(Thread.currentThread());
    assertThat(waiter.await()).containsExactly(classifier.scores(images(3)));
    assertThat(metric("coracle_queue_requests")).isZero();
  }

  @Test
  void runNow_modelNotKnownToBeQuick_isLeftToARunner() {
    assertThat(lane.runNow(new Job(images(1), new Waiter(0)))).isFalse();
  }

  @Test
  void runNow_whileTheRunnerIsBusy_isLeftToIt() throws Exception {
    warmUp();
    Waiter gate = hold();

    assertThat(lane.runNow(new Job(images(1), new Waiter(0)))).isFalse();

    gate.release.countDown();
  }

  @Test
  void runNow_moreImagesThanATurn_isLeftToARunner() throws Exception {
    warmUp();

    assertThat(lane.runNow(new Job(images(9), new Waiter(0)))).isFalse();
    assertThat(submit(images(9)).await()).hasSize(90);
  }

  @Test
  void submit_whileACallerRunsInPlaceOfTheRunner_waitsForHim() throws Exception {
    Waiter gate = holdNow();
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    record(order, "caller", gate);
    Waiter next = submit(images(1));
    record(order, "next", next);
    Thread.sleep(50); // in which the runner, which has been woken, could take it
    assertThat(next.scores).isNotDone();

    gate.release.countDown();

    next.await();
    assertThat(order).containsExactly("caller", "next");
  }

  @Test
  void laneClose_whileACallerRuns_freesTheModelAfterwards() throws Exception {
    Waiter gate = holdNow();
    lane.close();
    assertThat(lane.freed()).isNotDone();

    gate.release.countDown();

    lane.freed().get(30, TimeUnit.SECONDS);
  }

  @Test
  void close_whileACallerRunsAndAJobWaits_finishesBoth() throws Exception {
    Waiter gate = holdNow();
    Waiter next = submit(images(1));
    Thread closer = new Thread(batcher::close);
    closer.start();

    gate.release.countDown();

    closer.join(30_000);
    assertThat(closer.isAlive()).isFalse();
    assertThat(next.scores).isDone();
    assertThat(lane.runNow(new Job(images(1), new Waiter(0)))).isFalse();
  }
}
