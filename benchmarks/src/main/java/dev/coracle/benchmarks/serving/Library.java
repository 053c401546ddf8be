// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.inference.Classifier;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Measures what a server could give at most: images/s of {@code Classifier.classify} on lists of
 * 32, for one caller and for one on each processor, in a JVM of its own.
 */
final class Library {

  private static final int BATCH = 32;

  private Library() {}

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    List<String> command = ServerProcess.java(List.of("--enable-native-access=ALL-UNNAMED"));
    command.add(Library.class.getName());
    command.add(setup.model().toString());
    command.add("" + setup.warmUp().toSeconds());
    command.add("" + setup.time(10).toSeconds());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IllegalStateException("the library's own measurement failed: " + output);
    }
    String[] numbers = output.split(" ");
    figures.put("oneCaller", Double.parseDouble(numbers[0]));
    figures.put("allProcessors", Double.parseDouble(numbers[1]));
    figures.put(
        "best", Math.max(figures.get("oneCaller").asDouble(), Double.parseDouble(numbers[1])));
  }

  /** Prints both numbers; takes the model, and how many seconds to warm up and to measure. */
  public static void main(String[] args) throws Exception {
    List<byte[]> images = TestImages.read(8 * BATCH);
    Duration warmUp = Duration.ofSeconds(Long.parseLong(args[1]));
    Duration time = Duration.ofSeconds(Long.parseLong(args[2]));
    try (Classifier classifier = Classifier.open(Path.of(args[0]))) {
      int processors = Runtime.getRuntime().availableProcessors();
      perSecond(classifier, images, 1, warmUp);
      double one = perSecond(classifier, images, 1, time);
      perSecond(classifier, images, processors, warmUp.dividedBy(2));
      System.out.println(one + " " + perSecond(classifier, images, processors, time));
    }
  }

  private static double perSecond(
      Classifier classifier, List<byte[]> images, int callers, Duration time)
      throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(callers);
    try {
      long start = System.nanoTime();
      List<Future<Long>> counts = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        counts.add(threads.submit(() -> count(classifier, images, start + time.toNanos())));
      }
      long count = 0;
      for (Future<Long> each : counts) {
        count += each.get();
      }
      return count * 1e9 / (System.nanoTime() - start);
    } finally {
      threads.shutdown();
    }
  }

  private static long count(Classifier classifier, List<byte[]> images, long end) {
    long count = 0;
    while (System.nanoTime() < end) {
      int first = (int) (count % images.size());
      count += classifier.classify(images.subList(first, first + BATCH)).size();
    }
    return count;
  }
}
