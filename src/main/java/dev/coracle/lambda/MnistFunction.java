// SPDX-License-Identifier: Apache-2.0
package dev.coracle.lambda;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.ClassifyFunction.Reply;
import dev.coracle.protocol.Answer;
import dev.coracle.protocol.Json;
import dev.coracle.protocol.RequestException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Classifies images in AWS Lambda, behind a function URL, an HTTP API or a REST API of API Gateway.
 */
public final class MnistFunction implements RequestStreamHandler {

  private final ClassifyFunction function;

  public MnistFunction() {
    this(ClassifyFunction.shared());
  }

  MnistFunction(ClassifyFunction function) {
    this.function = function;
  }

  @Override
  public void handleRequest(InputStream event, OutputStream response, Context context)
      throws IOException {
    response.write(write(answer(event.readAllBytes())));
  }

  private Reply answer(byte[] event) {
    try {
      return function.answer(HttpEvent.read(event).call());
    } catch (RequestException e) { // the event of another trigger, or a body that is not base64
      Answer error = Answer.error(String.valueOf(e.getMessage()));
      return new Reply(e.status(), error, Map.of());
    }
  }

  private static byte[] write(Reply reply) {
    Answer answer = reply.answer();
    return Json.bytes(
        json -> {
          json.writeStartObject();
          json.writeNumberField("statusCode", reply.status());
          json.writeObjectFieldStart("headers");
          json.writeStringField("Content-Type", answer.contentType());
          for (Map.Entry<String, String> header : reply.headers().entrySet()) {
            json.writeStringField(header.getKey(), header.getValue());
          }
          json.writeEndObject();
          writeBody(json, answer);
          json.writeEndObject();
        });
  }

  private static void writeBody(JsonGenerator json, Answer answer) throws IOException {
    json.writeStringField("body", new String(answer.body(), StandardCharsets.UTF_8));
    json.writeBooleanField("isBase64Encoded", false); // all answers of the function are text
  }
}
