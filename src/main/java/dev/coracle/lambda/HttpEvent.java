// SPDX-License-Identifier: Apache-2.0
package dev.coracle.lambda;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.coracle.function.ClassifyFunction.Call;
import dev.coracle.protocol.Json;
import dev.coracle.protocol.RequestException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a request in the form in which Lambda passes it on, in both versions of the payload.
 *
 * @see <a
 *     href="https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html">
 *     the versions 1.0 and 2.0; a function URL sends 2.0</a>
 */
final class HttpEvent {

  /** Members by their paths, such as {@code headers/content-type}, in lower case. */
  private final Map<String, String> members = new HashMap<>();

  private HttpEvent() {}

  /** Throws RequestException, 400, if it is not such an event. */
  static HttpEvent read(byte[] event) {
    return Json.read(
        event,
        json -> {
          HttpEvent read = new HttpEvent();
          if (json.currentToken() == JsonToken.START_OBJECT) {
            read.object(json, "");
          }
          return read;
        });
  }

  private void object(JsonParser json, String path) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = path + json.currentName().toLowerCase(Locale.ROOT);
      JsonToken value = json.nextToken();
      if (value == JsonToken.START_OBJECT) {
        object(json, name + "/");
      } else if (value == JsonToken.START_ARRAY) {
        json.skipChildren();
      } else if (value != JsonToken.VALUE_NULL) {
        members.put(name, json.getText());
      }
    }
  }

  private @Nullable String get(String path) {
    return members.get(path);
  }

  Call call() {
    String method = get("requestcontext/http/method"); // 2.0
    if (method == null) {
      method = get("httpmethod"); // 1.0
    }
    if (method == null) {
      throw new RequestException(
          400, "expected the event of a function URL or of API Gateway, with an HTTP method");
    }
    return new Call(
        method,
        get("headers/content-type"),
        get("headers/content-encoding"),
        get("querystringparameters/probabilities"),
        body());
  }

  private byte[] body() {
    String body = members.getOrDefault("body", "");
    if (!"true".equals(get("isbase64encoded"))) {
      return body.getBytes(StandardCharsets.UTF_8);
    }
    try {
      return Base64.getDecoder().decode(body);
    } catch (IllegalArgumentException e) {
      throw new RequestException(400, "the event's body is no base64, though it says so");
    }
  }
}
