// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;

/**
 * Measures what a server does with ten times the requests that it can answer, 32 images each: how
 * many it still answers, and how soon it refuses the others. What it can answer is the mean of
 * before and after, as a machine that others use becomes slower and faster.
 */
final class Overload {

  static final int MAX_QUEUE = 16;
  static final int FACTOR = 10;

  private static final int IMAGES = 32;
  private static final int PEAK_CONNECTIONS = MAX_QUEUE;
  private static final int CONNECTIONS = 256;
  private static final int SECONDS = 10;

  private Overload() {}

  static void measure(Setup setup, ObjectNode figures) throws IOException, InterruptedException {
    Post post = Post.raw(setup.images(), IMAGES);
    List<byte[]> messages = post.messages();
    try (ServerProcess server = setup.server("--max-queue", "" + MAX_QUEUE)) {
      AnswerCheck.check(setup, server, post);
      LoadGenerator.closed(server.address(), messages, PEAK_CONNECTIONS, setup.warmUp());
      double before = peak(setup, server, messages);
      double rate = FACTOR * before;
      LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, setup.warmUp());
      LoadGenerator.Outcome outcome =
          LoadGenerator.open(server.address(), messages, CONNECTIONS, rate, setup.time(SECONDS));
      double after = peak(setup, server, messages);
      double peak = (before + after) / 2;
      figures.put("peakBefore", before);
      figures.put("peakAfter", after);
      double sent = (double) outcome.requests() / setup.time(SECONDS).toSeconds();
      figures.put("sentOverPeak", sent / before);
      figures.put("acceptedOverPeak", outcome.acceptedPerSecond() / peak);
      figures.put("share200", percent(outcome.accepted().count(), outcome));
      figures.put("share503", percent(outcome.refused().count(), outcome));
      figures.put("shareOther", percent(outcome.other(), outcome));
      figures.put("acceptedP99", outcome.accepted().millis(99));
      figures.put("refusedP50", outcome.refused().millis(50));
      figures.put("refusedP99", outcome.refused().millis(99));
      figures.put("refusedMax", outcome.refused().millis(100));
      figures.put("withoutRetryAfter", outcome.refusedWithoutRetryAfter());
      figures.put("generatorProcessors", outcome.processorShare());
    }
  }

  private static double peak(Setup setup, ServerProcess server, List<byte[]> messages)
      throws IOException {
    return LoadGenerator.closed(server.address(), messages, PEAK_CONNECTIONS, setup.time(SECONDS))
        .acceptedPerSecond();
  }

  private static double percent(long count, LoadGenerator.Outcome outcome) {
    return 100.0 * count / outcome.requests();
  }
}
