// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;

/** Holds a server's answers against {@link Classifier} before it is timed. */
final class AnswerCheck {

  private static final ObjectMapper JSON = new ObjectMapper();

  private AnswerCheck() {}

  /**
   * Sends every body of a request once. Throws where a class differs from the library's for the
   * same image.
   */
  static void check(Setup setup, ServerProcess server, Post post)
      throws IOException, InterruptedException {
    HttpClient client = HttpClient.newHttpClient();
    List<Integer> got = new ArrayList<>();
    for (byte[] body : post.bodies()) {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + post.path()))
                  .header("Content-Type", post.contentType())
                  .POST(BodyPublishers.ofByteArray(body))
                  .build(),
              BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IllegalStateException(
            "%s answered %d: %s".formatted(post.path(), answer.statusCode(), answer.body()));
      }
      got.addAll(classes(answer.body()));
    }
    try (Classifier classifier = Classifier.open(setup.model())) {
      List<Integer> expected =
          classifier.classify(setup.images().subList(0, got.size())).stream()
              .map(Prediction::index)
              .toList();
      if (!got.equals(expected)) {
        throw new IllegalStateException(
            "%s gives other classes than the library: %s, expected %s"
                .formatted(post.path(), got, expected));
      }
    }
  }

  /** Reads the classes from an answer of {@code /invocations} or {@code /api/classify}. */
  static List<Integer> classes(String body) throws IOException {
    JsonNode answer = JSON.readTree(body);
    List<Integer> classes = new ArrayList<>();
    answer.path("digits").forEach(digit -> classes.add(digit.asInt()));
    answer.path("predictions").forEach(prediction -> classes.add(prediction.path("index").asInt()));
    if (classes.isEmpty()) {
      throw new IllegalStateException("expected digits or predictions, got " + body);
    }
    return classes;
  }
}
