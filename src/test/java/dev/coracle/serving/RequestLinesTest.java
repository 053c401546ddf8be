// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The request log: one line a request, whatever a client sends, and nothing of the content. */
class RequestLinesTest extends ServerFixture {

  private static Map<String, String> fields(String line) throws IOException {
    assertThat(line).doesNotContainPattern("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]");
    Map<String, String> fields = new LinkedHashMap<>();
    try (JsonParser json = new JsonFactory().createParser(line.getBytes(StandardCharsets.UTF_8))) {
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
        json.nextToken();
        assertThat(fields.put(name, json.getText())).as(name).isNull();
      }
      assertThat(json.nextToken()).isNull();
    }
    return fields;
  }

  @Test
  void invocation_line_saysWhatItWas() throws Exception {
    RawClient client = connect(fast(o -> o.name("digits")));
    client.send(images(3)).get();
    await("it is logged", () -> !log.isEmpty());
    Map<String, String> line = fields(log.remove());
    assertThat(line.keySet())
        .containsExactly(
            "time",
            "client",
            "method",
            "path",
            "status",
            "ms",
            "bytes_in",
            "bytes_out",
            "model",
            "version",
            "images");
    assertThat(line).containsEntry("client", "127.0.0.1").containsEntry("method", "POST");
    assertThat(line).containsEntry("path", "/invocations").containsEntry("status", "200");
    assertThat(line).containsEntry("bytes_in", "2352").containsEntry("model", "digits");
    assertThat(line).containsEntry("images", "3");
  }

  @Test
  void malformedRequest_line_hasNoPath() throws Exception {
    InferenceServer server = fast(o -> o);
    for (String request : new String[] {"GARBAGE\r\n\r\n", get("/ping%zz"), get("/a\rb")}) {
      assertThat(connect(server).send(request).get().status()).isEqualTo(400);
      await("it is logged", () -> !log.isEmpty());
      assertThat(fields(log.remove())).containsEntry("status", "400").doesNotContainKey("path");
    }
  }

  @Test
  void log_hasNoSecretsAndNoContent() throws Exception {
    InferenceServer server = fast(o -> o);
    String body = "{\"data\": [[SECRET]]}";
    String[] requests = {
      get("/ping?token=SECRET"),
      get("/ping?SECRET"),
      get("http://user:SECRET@a/ping"),
      "GET /ping HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer SECRET\r\nCookie: SECRET\r\n\r\n",
      post("/invocations?key=SECRET", body),
      post("/api/classify?probabilities=SECRET", body),
      get("/ping#SECRET"),
    };
    for (String request : requests) {
      connect(server).send(request).get();
    }
    await("all are logged", () -> log.size() == requests.length);
    assertThat(log).noneMatch(line -> line.contains("SECRET"));
  }

  @Test
  void controlCharacters_inPathAndMethod_areEscaped() throws Exception {
    InferenceServer server = fast(o -> o);
    String[] requests = {
      get("/%0d%0a%7b%22status%22:200%7d"),
      get("/a%1b%5b31mred"),
      get("/\u001b[31mred"),
      get("/\"},{\"status\":200"),
      get("/\u00e2\u0080\u00a8line"), // U+2028 in UTF-8
      get("/%e2%80%a8line"),
      get("/\u0085next"),
      get("/a\rb"),
      get("/" + "a".repeat(5_000)),
      "X\u001b[31m /ping HTTP/1.1\r\nHost: a\r\n\r\n",
      "EVIL /ping HTTP/1.1\r\nHost: a\r\n\r\n",
      "\u001b[31m\r\n\r\n",
    };
    for (String request : requests) {
      connect(server).send(request).get();
    }
    await("all are logged", () -> log.size() == requests.length);
    for (String line : log) {
      Map<String, String> fields = fields(line);
      assertThat(fields.get("status")).isIn("400", "404", "405");
      assertThat(fields.getOrDefault("path", "")).hasSizeLessThanOrEqualTo(200);
      assertThat(fields.get("method")).isIn("GET", "other");
    }
  }
}
