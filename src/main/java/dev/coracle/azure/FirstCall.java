// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collections;
import java.util.function.Consumer;

/**
 * Calls a function that has just been deployed: repeats GET until it answers 200, since its app is
 * still starting, then sends a picture, which shows whether it finds its model.
 */
record FirstCall(Duration limit, Duration pause) {

  private static final Duration TIMEOUT = Duration.ofSeconds(60); // one call; a cold start is slow
  private static final String ROW = "[" + String.join(",", Collections.nCopies(28, "0")) + "]";
  private static final String BLANK =
      "{\"data\":[[[" + String.join(",", Collections.nCopies(28, ROW)) + "]]]}"; // (1,1,28,28)

  /**
   * Calls the function, and logs how the picture was answered.
   *
   * @throws CoracleException if no GET is answered with 200 within the limit, or the picture with a
   *     status from 500 on
   */
  void check(URI uri, Consumer<String> log) throws InterruptedException {
    HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    awaitStart(client, uri);
    String answer;
    try {
      HttpResponse<String> response =
          client.send(
              request(uri)
                  .header("Content-Type", "application/json")
                  .POST(BodyPublishers.ofString(BLANK))
                  .build(),
              BodyHandlers.ofString());
      answer = response.statusCode() + " " + response.body().strip();
      if (response.statusCode() >= 500) {
        throw new CoracleException(
            "%s has started but answers a picture with %s; the app's log stream in the Azure portal says why"
                .formatted(uri, answer));
      }
    } catch (IOException e) {
      throw new CoracleException(
          "%s has started but does not answer a picture: %s".formatted(uri, e), e);
    }
    log.accept("A blank picture is answered with " + answer);
  }

  private void awaitStart(HttpClient client, URI uri) throws InterruptedException {
    long start = System.nanoTime();
    String last;
    do {
      try {
        int status = client.send(request(uri).build(), BodyHandlers.discarding()).statusCode();
        if (status == 200) {
          return;
        }
        last = "status " + status;
      } catch (IOException e) {
        last = e.toString();
      }
      Thread.sleep(pause.toMillis());
    } while (System.nanoTime() - start < limit.toNanos());
    throw new CoracleException(
        "%s did not answer GET with 200 within %d s (last: %s); the app is deployed, so try again, or look at its log stream in the Azure portal"
            .formatted(uri, limit.toSeconds(), last));
  }

  private static HttpRequest.Builder request(URI uri) {
    return HttpRequest.newBuilder(uri).timeout(TIMEOUT);
  }
}
