// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.microsoft.azure.functions.ExecutionContext;
import com.microsoft.azure.functions.HttpRequestMessage;
import com.microsoft.azure.functions.HttpResponseMessage;
import com.microsoft.azure.functions.HttpStatus;
import java.util.Optional;

/** A function that says what it sees, or fails if it is asked to. */
public final class ProbeFunction {

  private int calls;

  public HttpResponseMessage run(
      HttpRequestMessage<Optional<String>> request, ExecutionContext context) {
    if (request.getQueryParameters().containsKey("fail")) {
      throw new IllegalStateException("as asked");
    }
    calls++;
    ClassLoader own = ProbeFunction.class.getClassLoader();
    String text =
        "call %d of the instance, header %s, query %s, body %s, own context loader %b, Gson %b, Coracle %b"
            .formatted(
                calls,
                request.getHeaders().get("x-probe"),
                request.getQueryParameters().get("q"),
                request.getBody().orElse("none"),
                Thread.currentThread().getContextClassLoader() == own,
                sees(own, "com.google.gson.Gson"),
                sees(own, "dev.coracle.CoracleException"));
    return request.createResponseBuilder(HttpStatus.OK).header("X-Answer", "1").body(text).build();
  }

  private static boolean sees(ClassLoader loader, String name) {
    try {
      Class.forName(name, false, loader);
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
