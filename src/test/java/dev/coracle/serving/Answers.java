// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.serving.Calls.Call;
import dev.coracle.serving.OpenApiDocument.Operation;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Sends requests to a server and holds the answers against openapi.json. */
final class Answers {

  private final OpenApiDocument document;
  private final URI server;

  Answers(OpenApiDocument document, URI server) {
    this.document = document;
    this.server = server;
  }

  /**
   * Sends a request of an operation; its status, headers, media type and body must be documented.
   */
  HttpResponse<byte[]> check(Operation operation, Call call)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> answer = call.send(server);
    String what = call + " -> " + answer.statusCode() + " " + new String(answer.body(), UTF_8);
    assertThat(answer.statusCode()).as(what).isEqualTo(call.status());
    assertThat(document.statuses(operation)).as(what).contains(answer.statusCode());
    check(document.response(operation, answer.statusCode()), answer, what);
    return answer;
  }

  /** Holds an answer against a response of the document. */
  void check(JsonNode response, HttpResponse<byte[]> answer, String what) throws IOException {
    response
        .path("headers")
        .properties()
        .forEach(
            header -> {
              JsonNode declared = document.resolved(header.getValue());
              if (declared.path("required").asBoolean()) {
                assertThat(answer.headers().firstValue(header.getKey())).as(what).isPresent();
              }
            });
    JsonNode content = response.path("content");
    Optional<String> type = answer.headers().firstValue("Content-Type").map(Answers::essence);
    if (content.isMissingNode()) {
      assertThat(answer.body()).as(what).isEmpty();
      return;
    }
    assertThat(type).as(what).isPresent();
    Set<String> types = new TreeSet<>();
    content.fieldNames().forEachRemaining(types::add);
    assertThat(types).as(what).contains(type.orElseThrow());
    assertThat(answer.body()).as(what).isNotEmpty();
    if (type.orElseThrow().equals("application/json")) {
      JsonNode value = OpenApiDocument.JSON.readTree(answer.body());
      assertThat(document.errors(content.path("application/json").path("schema"), value))
          .as(what)
          .isEmpty();
    }
  }

  /** Returns a media type without its parameters. */
  static String essence(String type) {
    return type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }
}
