// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.microsoft.azure.functions.ExecutionContext;
import com.microsoft.azure.functions.HttpMethod;
import com.microsoft.azure.functions.HttpRequestMessage;
import com.microsoft.azure.functions.HttpResponseMessage;
import com.microsoft.azure.functions.HttpStatus;
import com.microsoft.azure.functions.annotation.AuthorizationLevel;
import com.microsoft.azure.functions.annotation.FunctionName;
import com.microsoft.azure.functions.annotation.HttpTrigger;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.ClassifyFunction.Call;
import dev.coracle.function.ClassifyFunction.Reply;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Classifies images in Azure Functions, at {@code /api/classify}. Azure creates an instance per
 * call, on many threads; all share one model.
 *
 * <p>A body is text here: before the call, Azure's worker decodes every body that is not
 * application/octet-stream. It passes on no body without a Content-Length, so a chunked one arrives
 * empty.
 */
public final class MnistFunction {

  private final ClassifyFunction function;

  public MnistFunction() {
    this(ClassifyFunction.shared());
  }

  MnistFunction(ClassifyFunction function) {
    this.function = function;
  }

  /** Answers a request. */
  @FunctionName("mnist_classify")
  public HttpResponseMessage run(
      @HttpTrigger(
              name = "request",
              methods = {HttpMethod.GET, HttpMethod.POST},
              authLevel = AuthorizationLevel.ANONYMOUS,
              route = "classify")
          HttpRequestMessage<Optional<String>> request,
      ExecutionContext context) {
    String body = request.getBody().orElse("");
    Reply reply =
        function.answer(
            new Call(
                request.getHttpMethod().name(),
                request.getHeaders().get("content-type"), // Azure's header names are in lower case
                null, // Azure's front end has decompressed the body
                request.getQueryParameters().get("probabilities"),
                body.getBytes(StandardCharsets.UTF_8)));
    HttpResponseMessage.Builder response =
        request
            .createResponseBuilder(HttpStatus.valueOf(reply.status()))
            .header("Content-Type", reply.answer().contentType());
    reply.headers().forEach(response::header);
    return response.body(reply.answer().body()).build();
  }
}
