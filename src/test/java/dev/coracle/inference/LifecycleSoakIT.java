// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Soak;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Closes and replaces models under load: a fault here ends the JVM, not an assertion. */
class LifecycleSoakIT {

  private static final int THREADS = 8;

  /** Takes 3 MiB of native memory, so that one that is kept is seen. */
  private static final TestModel LARGE = TestModel.logits().withSize(28, 28, 1_000);

  private static final List<byte[]> IMAGES = ClassifierTest.images(40);

  /** Each way to ask for an answer to image {@code i}. */
  private static final List<BiFunction<Classifier, Integer, Prediction>> WAYS =
      List.of(
          (classifier, i) -> classifier.classify(IMAGES.get(i)),
          (classifier, i) -> classifier.classify(IMAGES).get(i),
          (classifier, i) -> classifier.classify(IMAGES.subList(i, i + 1)).get(0),
          (classifier, i) -> classifier.classifyAsync(IMAGES.get(i)).join());

  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final Path folder;

  LifecycleSoakIT(@TempDir Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void close_underLoad_everyCallAnswersOrSaysClosed() throws Exception {
    Path file = LARGE.write(folder.resolve("model.onnx"));
    List<Prediction> expected = answers(file);
    int rounds = Soak.rounds(1_000);
    Growth growth = new Growth(rounds);
    for (int round = 0; round < rounds; round++) {
      growth.begin(round);
      Classifier digits = Classifier.open(file);
      AtomicLong answered = new AtomicLong();
      List<Future<?>> users = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        BiFunction<Classifier, Integer, Prediction> way = WAYS.get(thread % WAYS.size());
        users.add(
            threads.submit(
                () -> {
                  for (int i = 0; answersUntilClosed(digits, way, i, expected); i++) {
                    answered.incrementAndGet();
                  }
                }));
      }
      while (answered.get() < THREADS && users.stream().noneMatch(Future::isDone)) {
        Thread.onSpinWait();
      }
      digits.close();
      digits.close();
      for (Future<?> user : users) {
        user.get();
      }
    }
    growth.assertNone();
  }

  private static boolean answersUntilClosed(
      Classifier digits,
      BiFunction<Classifier, Integer, Prediction> way,
      int i,
      List<Prediction> expected) {
    Prediction answer;
    try {
      answer = way.apply(digits, i % IMAGES.size());
    } catch (IllegalStateException | CompletionException e) {
      Throwable closed = e instanceof CompletionException ? e.getCause() : e;
      assertThat(closed)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageEndingWith("is closed; open it again to classify");
      return false;
    }
    assertThat(same(answer, expected.get(i % IMAGES.size())))
        .as("image %d: %s", i, answer)
        .isTrue();
    return true;
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void reload_underLoad_noCallFailsAndEachAnswerIsOneModels() throws Exception {
    Path first = LARGE.write(folder.resolve("first.onnx"));
    Path second =
        LARGE
            .withMetadata(Map.of("coracle.mean", "0.5", "coracle.std", "0.2"))
            .write(folder.resolve("second.onnx"));
    List<Prediction> firsts = answers(first);
    List<Prediction> seconds = answers(second);
    AtomicBoolean running = new AtomicBoolean(true);
    AtomicLong answered = new AtomicLong();
    int rounds = Soak.rounds(1_000);
    Growth growth = new Growth(rounds);
    try (ReloadableClassifier digits = ReloadableClassifier.open(first)) {
      List<Future<?>> users = new ArrayList<>();
      for (int thread = 0; thread < THREADS; thread++) {
        BiFunction<Classifier, Integer, Prediction> way = WAYS.get(thread % WAYS.size());
        users.add(
            threads.submit(
                () -> {
                  for (int i = 0; running.get(); i = (i + 1) % IMAGES.size()) {
                    Prediction answer = way.apply(digits, i);
                    assertThat(same(answer, firsts.get(i)) || same(answer, seconds.get(i)))
                        .as("image %d is answered by one of the two models, got %s", i, answer)
                        .isTrue();
                    answered.incrementAndGet();
                  }
                }));
      }
      for (int round = 0; round < rounds; round++) {
        growth.begin(round);
        long seen = answered.get();
        digits.reload(round % 2 == 0 ? second : first);
        while (answered.get() < seen + THREADS && users.stream().noneMatch(Future::isDone)) {
          Thread.onSpinWait();
        }
      }
      running.set(false);
      for (Future<?> user : users) {
        user.get();
      }
      growth.assertNone();
    }
  }

  /**
   * Growth of the resident memory after the first rounds, in which pools and heap get their size.
   */
  private static final class Growth {

    private final int rounds;
    private final int from;
    private long before;

    Growth(int rounds) {
      this.rounds = rounds;
      this.from = rounds / 5;
    }

    void begin(int round) throws IOException {
      if (round == from) {
        System.gc();
        before = Memory.residentKilobytes();
      }
    }

    /** Sees a session, 3 MiB, that is kept in every third round, from a hundred rounds on. */
    void assertNone() throws IOException {
      System.gc();
      int counted = rounds - from;
      assertThat(Memory.residentKilobytes() - before)
          .as("growth in KiB over %d rounds", counted)
          .isLessThan(80_000);
    }
  }

  @Test
  void classify_64Threads_sameBitsAsOne() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    try (Classifier digits = Classifier.open(file)) {
      List<Prediction> alone = IMAGES.stream().map(digits::classify).toList();
      List<Prediction> together = digits.classify(IMAGES);
      ExecutorService many = Executors.newFixedThreadPool(64);
      try {
        List<Future<?>> users = new ArrayList<>();
        int rounds = Soak.rounds(2_500); // of 40 images: 100,000 predictions a thread
        for (int thread = 0; thread < 64; thread++) {
          boolean batches = thread % 8 == 0;
          users.add(
              many.submit(
                  () -> {
                    for (int round = 0; round < rounds; round++) {
                      if (batches) {
                        assertThat(digits.classify(IMAGES)).isEqualTo(together);
                      } else {
                        for (int i = 0; i < IMAGES.size(); i++) {
                          assertThat(digits.classify(IMAGES.get(i))).isEqualTo(alone.get(i));
                        }
                      }
                    }
                  }));
        }
        for (Future<?> user : users) {
          user.get();
        }
      } finally {
        many.shutdownNow();
      }
    }
  }

  private static List<Prediction> answers(Path file) {
    try (Classifier classifier = Classifier.open(file)) {
      return IMAGES.stream().map(classifier::classify).toList();
    }
  }

  /** The last bits of a float may depend on how many images a call has. */
  private static boolean same(Prediction one, Prediction other) {
    return one.label().equals(other.label())
        && Math.abs(one.probability() - other.probability()) < 1e-5;
  }
}
