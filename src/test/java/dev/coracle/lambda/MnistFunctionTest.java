// SPDX-License-Identifier: Apache-2.0
package dev.coracle.lambda;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.Vector;
import dev.coracle.inference.Classifier;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MnistFunctionTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  static List<Vector> vectors() {
    return Vector.all();
  }

  private static JsonNode call(byte[] event) throws IOException {
    try (Classifier model = Vector.model()) {
      ByteArrayOutputStream response = new ByteArrayOutputStream();
      com.amazonaws.services.lambda.runtime.Context context =
          (com.amazonaws.services.lambda.runtime.Context)
              Proxy.newProxyInstance(
                  MnistFunctionTest.class.getClassLoader(),
                  new Class<?>[] {com.amazonaws.services.lambda.runtime.Context.class},
                  (proxy, method, arguments) -> null);
      new MnistFunction(new ClassifyFunction(() -> model))
          .handleRequest(new ByteArrayInputStream(event), response, context);
      return JSON.readTree(response.toByteArray());
    }
  }

  private static void check(Vector vector, ObjectNode event) throws IOException {
    checkResponse(vector, call(JSON.writeValueAsBytes(event)));
  }

  static void checkResponse(Vector vector, JsonNode response) {
    vector.check(
        response.get("statusCode").asInt(),
        response.get("headers").get("Content-Type").asText(),
        response.get("body").asText().getBytes(StandardCharsets.UTF_8));
    assertThat(response.get("isBase64Encoded").asBoolean()).isFalse();
    assertThat(response.get("headers").has("Allow")).isEqualTo(vector.status() == 405);
  }

  private static ObjectNode event(Vector vector, UnaryOperator<String> name, boolean base64) {
    ObjectNode event = JSON.createObjectNode();
    ObjectNode headers = event.putObject("headers").put("host", "x.lambda-url.us-east-1.on.aws");
    vector.headers().forEach((header, value) -> headers.put(name.apply(header), value));
    if (vector.probabilities() != null) {
      event.putObject("queryStringParameters").put("probabilities", vector.probabilities());
    } else {
      event.putNull("queryStringParameters");
    }
    event.put("isBase64Encoded", base64);
    event.put(
        "body",
        base64
            ? Base64.getEncoder().encodeToString(vector.body())
            : new String(vector.body(), StandardCharsets.UTF_8));
    return event;
  }

  static ObjectNode functionUrlEvent(Vector vector, boolean base64) {
    ObjectNode event =
        event(vector, name -> name.toLowerCase(Locale.ROOT), base64).put("version", "2.0");
    event.putObject("requestContext").putObject("http").put("method", vector.method());
    return event;
  }

  /** As a function URL sends it: always base64 for content types that are no text. */
  @ParameterizedTest
  @MethodSource("vectors")
  void handle_functionUrl_isAsExpected(Vector vector) throws IOException {
    for (boolean base64 : vector.isText() ? new boolean[] {false, true} : new boolean[] {true}) {
      check(vector, functionUrlEvent(vector, base64));
    }
  }

  /** As a REST API sends it: names as the client wrote them, lists beside the values. */
  @ParameterizedTest
  @MethodSource("vectors")
  void handle_restApi_isAsExpected(Vector vector) throws IOException {
    ObjectNode event = event(vector, name -> name, !vector.isText());
    event.put("httpMethod", vector.method()).put("resource", "/classify");
    event.putObject("multiValueHeaders").putArray("Content-Type").add("image/gif");
    event.putObject("requestContext").put("httpMethod", vector.method()).put("stage", "prod");
    check(vector, event);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "[]", "{\"Records\": []}", "", "{", "3"})
  void handle_eventOfAnotherKind_isA400(String event) throws IOException {
    JsonNode response = call(event.getBytes(StandardCharsets.UTF_8));
    assertThat(response.get("statusCode").asInt()).isEqualTo(400);
    assertThat(JSON.readTree(response.get("body").asText()).get("error").asText()).isNotEmpty();
  }

  @Test
  void handle_bodyThatIsNoBase64_isA400() throws IOException {
    JsonNode response =
        call(
            "{\"httpMethod\": \"POST\", \"body\": \"?\", \"isBase64Encoded\": true}"
                .getBytes(StandardCharsets.UTF_8));
    assertThat(response.get("statusCode").asInt()).isEqualTo(400);
    assertThat(response.get("body").asText()).contains("base64");
  }
}
