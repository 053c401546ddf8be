// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.TestModel;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatcherTest extends BatcherFixture {

  BatcherTest(@TempDir Path folder) {
    super(folder);
  }

  @Test
  void submit_lone_runsAtOnceAlone() throws Exception {
    assertThat(submit(images(1)).await()).isEqualTo(classifier.scores(images(1)));
    assertThat(metric("coracle_batch_size_count")).isEqualTo(1);
  }

  @Test
  void submit_whileAnotherRuns_formsOneBatch() throws Exception {
    Waiter gate = hold();
    List<Waiter> waiters = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiters.add(submit(images(1)));
    }
    gate.release.countDown();
    for (Waiter waiter : waiters) {
      waiter.await();
    }
    assertThat(metric("coracle_batch_size_count")).isEqualTo(2); // the gate, and all others
    assertThat(metric("coracle_batch_size_sum")).isEqualTo(21);
  }

  /** The library answers each job alone here; the batch may differ in a float's last bits. */
  @Test
  void submit_jobsOfManySizes_givesEachItsOwnInOrder() throws Exception {
    Waiter gate = hold();
    List<List<byte[]>> jobs = new ArrayList<>();
    List<Waiter> waiters = new ArrayList<>();
    for (int size : new int[] {1, 3, 100, 8, 9, 32, 33, 64, 2}) {
      jobs.add(images(size));
      waiters.add(submit(images(size)));
    }
    gate.release.countDown();
    for (int i = 0; i < jobs.size(); i++) {
      float[] expected = classifier.scores(jobs.get(i));
      assertThat(waiters.get(i).await()).hasSize(expected.length);
      for (int j = 0; j < expected.length; j++) {
        assertThat(waiters.get(i).await()[j]).isCloseTo(expected[j], within(1e-4f));
      }
    }
  }

  @Test
  void submit_beyondTheBound_isRefusedAtOnce() throws Exception {
    Waiter gate = hold();
    List<Waiter> waiters = new ArrayList<>();
    for (int i = 0; i < MAX_JOBS; i++) {
      assertThat(lane.isFull()).isFalse();
      waiters.add(submit(images(1)));
    }
    assertThat(lane.isFull()).isTrue();
    assertThat(lane.submit(new Job(images(1), new Waiter(0)))).isFalse();
    assertThat(batcher.waiting()).isEqualTo(MAX_JOBS);
    gate.release.countDown();
    for (Waiter waiter : waiters) {
      waiter.await();
    }
    assertThat(batcher.waiting()).isZero();
    submit(images(1)).await();
  }

  @Test
  void submit_afterAHugeJob_isDoneBeforeIt() throws Exception {
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    Waiter gate = hold();
    Waiter huge = submit(images(2000));
    Waiter small = submit(images(1));
    record(order, "huge", huge);
    record(order, "small", small);
    gate.release.countDown();
    huge.await();
    small.await();
    assertThat(order).containsExactly("small", "huge");
    assertThat(huge.await()).hasSize(20_000);
  }

  @Test
  void submit_nobodyWaitsAnyMore_isNotRun() throws Exception {
    Waiter gate = hold();
    Waiter gone = submit(images(5));
    Waiter there = submit(images(1));
    gone.wanted = false;
    gate.release.countDown();
    there.await();
    assertThat(gone.scores).isNotDone();
    assertThat(metric("coracle_batch_size_sum")).isEqualTo(2);
    assertThat(batcher.waiting()).isZero();
  }

  /** Else it would keep its images, and take places in batches, for thousands of turns. */
  @Test
  void submit_nobodyWaitsForTheRest_isDropped() throws Exception {
    Waiter gate = hold();
    Waiter gone = submit(images(2_000));
    Waiter bad = submit(Collections.nCopies(2_000, new byte[5]));
    Waiter there = submit(images(40));
    gone.wanted = false;
    gate.release.countDown();
    assertThat(there.await()).hasSize(400);
    assertThatThrownBy(bad::await).hasCauseInstanceOf(InvalidInputException.class);
    submit(images(1)).await();
    assertThat(batcher.waiting()).isZero();
    assertThat(metric("coracle_batch_size_sum")).isEqualTo(1 + 40 + 1);
    // At most for each part of one batch, of 250 in all.
    assertThat(gone.asked).hasValueBetween(1, 4);
    assertThat(bad.asked).hasValueBetween(1, 4);
  }

  @Test
  void submit_answerThatFails_doesNotSpoilTheOthersOfItsBatch() throws Exception {
    Waiter gate = hold();
    Waiter bad =
        new Waiter(0) {
          @Override
          public void done(float[] result) {
            throw new OutOfMemoryError("no real one");
          }
        };
    Waiter worse =
        new Waiter(0) {
          @Override
          public void done(float[] result) {
            throw new OutOfMemoryError("no real one");
          }

          @Override
          public void failed(Throwable failure) {
            throw new OutOfMemoryError("no real one");
          }
        };
    assertThat(lane.submit(new Job(images(1), worse))).isTrue();
    assertThat(lane.submit(new Job(images(1), bad))).isTrue();
    Waiter after = submit(images(3));
    gate.release.countDown();
    assertThat(after.await()).hasSize(30);
    assertThatThrownBy(bad::await).hasCauseInstanceOf(OutOfMemoryError.class);
  }

  /** The only runner and the lane must go on. */
  @Test
  void submit_noMemoryWhileABatchIsMade_isSurvived() throws Exception {
    Waiter gate = hold();
    AtomicInteger calls = new AtomicInteger();
    List<byte[]> one = images(1);
    List<byte[]> failing =
        new AbstractList<>() {
          @Override
          public byte[] get(int index) {
            return one.get(index);
          }

          @Override
          public int size() {
            if (calls.incrementAndGet() == 2) { // the first is the job's own
              throw new OutOfMemoryError("no real one");
            }
            return 1;
          }
        };
    Waiter struck = submit(failing);
    Waiter after = submit(images(3));
    gate.release.countDown();
    assertThat(after.await()).hasSize(30);
    assertThat(struck.await()).hasSize(10);
    assertThat(batcher.waiting()).isZero();
  }

  @Test
  void submit_oneThatFails_doesNotSpoilTheOthersOfItsBatch() throws Exception {
    Waiter gate = hold();
    Waiter before = submit(images(1));
    Waiter bad = submit(List.of(new byte[5]));
    Waiter after = submit(images(3));
    gate.release.countDown();
    assertThat(before.await()).hasSize(10);
    assertThat(after.await()).isEqualTo(classifier.scores(images(3)));
    assertThatThrownBy(bad::await).hasCauseInstanceOf(InvalidInputException.class);
  }

  @Test
  void laneClose_whileJobsWait_finishesThemThenFreesTheModel() throws Exception {
    Waiter gate = hold();
    Waiter last = submit(images(2));
    lane.close();
    CompletableFuture<?> freed = lane.freed();
    assertThat(lane.enter()).isFalse();
    assertThat(freed).isNotDone();
    gate.release.countDown();
    assertThat(last.await()).hasSize(20);
    freed.get(30, TimeUnit.SECONDS);
    assertThatThrownBy(() -> classifier.classify(new byte[784]))
        .isInstanceOf(IllegalStateException.class);
  }

  /** Between looking up a model and queueing a job, a reload may close its lane. */
  @Test
  void laneClose_whileSomebodyHasEntered_takesHisJob() throws Exception {
    assertThat(lane.enter()).isTrue();
    lane.close();
    assertThat(submit(images(2)).await()).hasSize(20);
    assertThat(lane.freed()).isNotDone();
    lane.exit();
    lane.freed().get(30, TimeUnit.SECONDS);
  }

  @Test
  void close_whileJobsWait_finishesThem() throws Exception {
    Waiter gate = hold();
    Waiter last = submit(images(2));
    Thread closer = new Thread(batcher::close);
    closer.start();
    gate.release.countDown();
    closer.join();
    assertThat(last.scores).isDone();
    assertThat(lane.submit(new Job(images(1), new Waiter(0)))).isFalse();
  }

  /** Two models, one runner: their lanes take turns. */
  @Test
  void lanes_twoModels_takeTurns() throws Exception {
    try (Classifier second = Classifier.open(TestModel.logits().write(file))) {
      Batcher.Lane other = batcher.lane(second);
      Waiter gate = hold();
      Waiter huge = submit(images(1000));
      Waiter small = new Waiter(0);
      assertThat(other.submit(new Job(images(1), small))).isTrue();
      List<String> order = Collections.synchronizedList(new ArrayList<>());
      record(order, "huge", huge);
      record(order, "small", small);
      gate.release.countDown();
      small.await();
      huge.await();
      assertThat(order).containsExactly("small", "huge");
      float[] expected = second.scores(images(1));
      assertThat(Arrays.equals(small.await(), expected)).isTrue();
    }
  }
}
