// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.GetLogEventsResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.LogStream;
import software.amazon.awssdk.services.cloudwatchlogs.model.OutputLogEvent;

/**
 * Prints what a training job has logged since the last time: one stream per host, named {@code
 * JOB/algo-1-1234567890}. The log is optional; where it cannot be read, the job is followed without
 * it.
 */
final class JobLog {

  private static final String GROUP = "/aws/sagemaker/TrainingJobs";

  private final Aws aws;
  private final String job;
  private final Listener listener;

  /** By the name of the stream, the token at which to continue; empty before the first line. */
  private final Map<String, String> tokens = new TreeMap<>();

  private boolean isOff;

  private final boolean manyHosts;

  JobLog(Aws aws, String job, boolean manyHosts, Listener listener) {
    this.aws = aws;
    this.job = job;
    this.manyHosts = manyHosts;
    this.listener = listener;
  }

  /** Prints new lines; what cannot be read now is printed the next time. */
  void print() {
    try {
      read();
    } catch (SdkException e) {
      listener.status("the job's log cannot be read now: " + Failures.reason(e));
    }
  }

  /** Prints new lines; throws a failure that may be temporary. */
  private void read() {
    if (isOff) {
      return;
    }
    try {
      CloudWatchLogsClient logs = aws.logs();
      // With the slash, so that job-1 does not match job-10.
      for (LogStream stream :
          logs.describeLogStreamsPaginator(
                  r -> r.logGroupName(GROUP).logStreamNamePrefix(job + "/"))
              .logStreams()) {
        tokens.putIfAbsent(stream.logStreamName(), "");
      }
      for (String stream : tokens.keySet()) {
        print(logs, stream);
      }
    } catch (SdkException e) {
      if (Failures.isMissing(e)) {
        return; // the first job of an account: the group is created with the first line
      }
      if (Failures.isTransient(e)) {
        throw e;
      }
      isOff = true;
      listener.line("The job's log cannot be shown: " + Failures.reason(e));
    }
  }

  /** Prints lines that arrived late; the job is over, so failures of the log no longer matter. */
  void printLast() {
    try {
      read();
    } catch (SdkException e) {
      listener.line("The end of the job's log cannot be shown: " + Failures.reason(e));
    }
  }

  private void print(CloudWatchLogsClient logs, String stream) {
    String host = stream.substring(stream.indexOf('/') + 1).replaceAll("-\\d+$", "");
    String before = manyHosts ? "[" + host + "] " : "";
    while (true) {
      String token = tokens.getOrDefault(stream, "");
      GetLogEventsResponse page =
          logs.getLogEvents(
              request -> {
                request.logGroupName(GROUP).logStreamName(stream).startFromHead(true);
                if (!token.isEmpty()) {
                  request.nextToken(token);
                }
              });
      for (OutputLogEvent event : page.events()) {
        listener.line(before + Text.line(event.message()));
      }
      String next = page.nextForwardToken();
      if (next == null || next.equals(token)) { // the end, for now
        return;
      }
      tokens.put(stream, next);
    }
  }
}
