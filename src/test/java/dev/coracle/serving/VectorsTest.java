// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.function.Vector;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The server's /api/classify answers as every cloud function does. */
class VectorsTest extends ServerFixture {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  static List<Vector> vectors() {
    return Vector.all();
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void classify_eachVector_isAsExpected(Vector vector) throws IOException, InterruptedException {
    InferenceServer server = fast(options -> options);
    String query = vector.probabilities() == null ? "" : "?probabilities=" + vector.probabilities();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.uri() + "/api/classify" + query))
            .method(vector.method(), BodyPublishers.ofByteArray(vector.body()));
    vector.headers().forEach(request::header);
    HttpResponse<byte[]> response =
        CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    vector.check(
        response.statusCode(),
        response.headers().firstValue("Content-Type").orElse(null),
        response.body());
  }
}
