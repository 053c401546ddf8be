// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One classifier under many threads. */
class ClassifierThreadsTest {

  private final Path folder;

  ClassifierThreadsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @Test
  void classify_eightThreads_sameBitsAsOne() throws Exception {
    List<byte[]> images = ClassifierTest.images(64);
    try (Classifier digits =
        Classifier.open(TestModel.mnist().write(folder.resolve("model.onnx")))) {
      List<Prediction> expected = images.stream().map(digits::classify).toList();
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        Callable<List<Prediction>> work =
            () -> {
              List<Prediction> last = List.of();
              for (int round = 0; round < 50; round++) {
                last = images.stream().map(digits::classify).toList();
                assertThat(last).isEqualTo(expected);
              }
              return last;
            };
        List<Future<List<Prediction>>> results = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          results.add(threads.submit(work));
        }
        for (Future<List<Prediction>> result : results) {
          assertThat(result.get()).isEqualTo(expected);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void close_whileOthersClassify_endsThemCleanly() throws Exception {
    Path file = TestModel.mnist().write(folder.resolve("model.onnx"));
    List<byte[]> images = ClassifierTest.images(32);
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      for (int round = 0; round < 20; round++) {
        Classifier digits = Classifier.open(file);
        List<Future<Boolean>> users = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          users.add(threads.submit(() -> classifyUntilClosed(digits, images)));
        }
        digits.classify(images);
        digits.close();
        for (Future<Boolean> user : users) {
          assertThat(user.get()).isTrue();
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static boolean classifyUntilClosed(Classifier digits, List<byte[]> images) {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        digits.classify(images);
      } catch (IllegalStateException e) {
        return true;
      }
    }
    return false;
  }
}
