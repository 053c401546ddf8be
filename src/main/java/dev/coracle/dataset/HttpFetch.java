// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.ZipException;

/**
 * Fetches small files over HTTP into memory, with limits on their size, on the time without data,
 * on the time of one attempt and on the number of attempts.
 *
 * <h2>What is tried again</h2>
 *
 * Status 408, 429 and 5xx, no connection, silence, bodies that end early or take too long, and any
 * other I/O error, after a pause that starts with {@code backoff} and doubles up to 30 seconds. Not
 * tried again: any other status, including redirects, which none of the sources needs; a complete
 * body that is not the one wanted; and unchecked exceptions, which reach the caller.
 */
final class HttpFetch {

  /** Waits between two attempts; tests do not. */
  interface Sleeper {
    void sleep(Duration pause) throws InterruptedException;
  }

  /**
   * Checks a body; throws EOFException if it ends early, else RefusedException or ZipException if
   * it is unfit.
   */
  interface Verifier {
    void verify(byte[] body) throws IOException;
  }

  /** Receives the number of bytes so far and in all (-1 if unknown), on the thread that fetches. */
  interface Listener {
    void onProgress(long bytesDone, long bytesTotal);
  }

  private static final Duration MAX_PAUSE = Duration.ofSeconds(30);
  private static final long POLL_MILLIS = 100;

  private final HttpClient client;
  private final Duration readTimeout;
  private final Duration deadline;
  private final int retries;
  private final Duration backoff;
  private final Sleeper sleeper;
  private final long maxBytes;

  HttpFetch(
      Duration connectTimeout,
      Duration readTimeout,
      Duration deadline,
      int retries,
      Duration backoff,
      Sleeper sleeper,
      long maxBytes) {
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(connectTimeout)
            .build();
    this.readTimeout = readTimeout;
    this.deadline = deadline;
    this.retries = retries;
    this.backoff = backoff;
    this.sleeper = sleeper;
    this.maxBytes = maxBytes;
  }

  /** Returns a body that passed {@code verifier}; throws IOException with the last reason. */
  byte[] fetch(URI uri, Verifier verifier, Listener listener)
      throws IOException, InterruptedException {
    Duration pause = backoff;
    for (int attempt = 1; ; attempt++) {
      try {
        byte[] body = attempt(uri, listener);
        verifier.verify(body);
        return body;
      } catch (RefusedException | ZipException e) {
        throw e;
      } catch (IOException e) {
        if (attempt > retries) {
          throw new IOException(reason(e) + (attempt == 1 ? "" : " (" + attempt + " attempts)"), e);
        }
      }
      sleeper.sleep(pause);
      pause = pause.multipliedBy(2);
      pause = pause.compareTo(MAX_PAUSE) < 0 ? pause : MAX_PAUSE;
    }
  }

  private byte[] attempt(URI uri, Listener listener) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(uri).header("User-Agent", "coracle").build();
    AtomicLong received = new AtomicLong();
    AtomicLong total = new AtomicLong(-1);
    CompletableFuture<HttpResponse<byte[]>> exchange =
        client.sendAsync(
            request,
            info -> {
              if (info.statusCode() != 200) {
                return LimitedBody.discarding();
              }
              total.set(info.headers().firstValueAsLong("Content-Length").orElse(-1));
              return new LimitedBody(maxBytes, received);
            });
    try {
      HttpResponse<byte[]> response = await(exchange, received, total, listener);
      checkStatus(response);
      listener.onProgress(received.get(), received.get());
      return response.body();
    } finally {
      exchange.cancel(true); // no effect on one that has ended
    }
  }

  /**
   * Waits until the exchange ends, provided that data arrive within each read timeout and all of
   * them before the deadline, which stops a source that sends a byte now and then.
   */
  private HttpResponse<byte[]> await(
      CompletableFuture<HttpResponse<byte[]>> exchange,
      AtomicLong received,
      AtomicLong total,
      Listener listener)
      throws IOException, InterruptedException {
    long seen = 0;
    long start = System.nanoTime();
    long lastNews = start;
    while (true) {
      try {
        return exchange.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw unwrapped(e);
      } catch (TimeoutException e) {
        long now = received.get();
        if (System.nanoTime() - start > deadline.toNanos()) {
          throw new HttpTimeoutException(
              "it was not done within " + text(deadline) + ", after " + now + " bytes");
        }
        if (now > seen) {
          seen = now;
          lastNews = System.nanoTime();
          listener.onProgress(now, total.get());
        } else if (System.nanoTime() - lastNews > readTimeout.toNanos()) {
          throw new HttpTimeoutException(
              "it sent nothing for " + text(readTimeout) + ", after " + now + " bytes");
        }
      }
    }
  }

  private static void checkStatus(HttpResponse<byte[]> response) throws IOException {
    int status = response.statusCode();
    String answer = "it answered with status " + status;
    if (status == 408 || status == 429 || status >= 500) {
      throw new IOException(answer);
    }
    if (status != 200) {
      String location = response.headers().firstValue("Location").map(to -> " to " + to).orElse("");
      throw new RefusedException(answer + location);
    }
  }

  /**
   * Finds our own exception among those that the HTTP client has wrapped around it. Rethrows
   * unchecked exceptions, except for one that a source can cause.
   */
  private static IOException unwrapped(ExecutionException e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof RefusedException refused) {
        return refused;
      }
    }
    Throwable cause = e.getCause();
    if (cause instanceof IOException io) {
      return io;
    }
    if (cause instanceof NumberFormatException) {
      return new RefusedException("its answer has a Content-Length that is no number");
    }
    if (cause instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return new IOException(cause);
  }

  private static String text(Duration time) {
    return time.toMillis() % 1000 == 0 ? time.toSeconds() + " s" : time.toMillis() + " ms";
  }

  private static String reason(IOException e) {
    if (e instanceof ConnectException) { // its message is often null
      return "no connection to it";
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
