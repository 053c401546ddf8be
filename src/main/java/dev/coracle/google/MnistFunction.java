// SPDX-License-Identifier: Apache-2.0
package dev.coracle.google;

import com.google.cloud.functions.HttpFunction;
import com.google.cloud.functions.HttpRequest;
import com.google.cloud.functions.HttpResponse;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.ClassifyFunction.Call;
import dev.coracle.function.ClassifyFunction.Reply;
import java.io.IOException;

/** Classifies images in Google Cloud Functions; one instance answers on many threads. */
public final class MnistFunction implements HttpFunction {

  private final ClassifyFunction function;

  public MnistFunction() {
    this(ClassifyFunction.shared());
  }

  MnistFunction(ClassifyFunction function) {
    this.function = function;
  }

  @Override
  public void service(HttpRequest request, HttpResponse response) throws IOException {
    Reply reply =
        function.answer(
            new Call(
                request.getMethod(),
                request.getContentType().orElse(null),
                request.getFirstHeader("Content-Encoding").orElse(null),
                request.getFirstQueryParameter("probabilities").orElse(null),
                request.getInputStream().readAllBytes()));
    response.setStatusCode(reply.status());
    response.setContentType(reply.answer().contentType());
    reply.headers().forEach(response::appendHeader);
    response.getOutputStream().write(reply.answer().body());
  }
}
