// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import dev.coracle.CoracleException;
import java.time.Duration;
import java.util.function.Predicate;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * Polls until an answer is final. A job runs for hours and costs money whether or not it can be
 * polled, so this waits out throttling, failures of the service and network outages that outlast
 * the SDK's three attempts.
 */
final class Polling {

  private static final int MAX_FAILURES = 30;

  private final Duration interval;
  private final Listener listener;

  Polling(Duration interval, Listener listener) {
    this.interval = interval;
    this.listener = listener;
  }

  /**
   * Returns the first answer that is final; in the message of a failure, {@code action} follows
   * "cannot".
   */
  <T> T until(String action, Supplier<T> question, Predicate<T> last) {
    int failures = 0;
    while (true) {
      try {
        T answer = question.get();
        if (last.test(answer)) {
          return answer;
        }
        failures = 0;
      } catch (SdkException e) {
        if (!Failures.isTransient(e) || ++failures == MAX_FAILURES) {
          throw Failures.exception(action, e);
        }
        listener.status("asking again: " + Failures.reason(e));
      }
      pause();
    }
  }

  void pause() {
    try {
      Thread.sleep(interval.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CoracleException("interrupted while waiting for AWS", e);
    }
  }
}
