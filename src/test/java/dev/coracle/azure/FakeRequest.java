// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.microsoft.azure.functions.HttpMethod;
import com.microsoft.azure.functions.HttpRequestMessage;
import com.microsoft.azure.functions.HttpResponseMessage;
import com.microsoft.azure.functions.HttpStatusType;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request as Azure's worker makes it, header names in lower case, and its response. */
record FakeRequest(
    HttpMethod method, Map<String, String> headers, Map<String, String> query, String text)
    implements HttpRequestMessage<Optional<String>> {

  @Override
  public URI getUri() {
    return URI.create("https://example.azurewebsites.net/api/classify");
  }

  @Override
  public HttpMethod getHttpMethod() {
    return method;
  }

  @Override
  public Map<String, String> getHeaders() {
    return headers;
  }

  @Override
  public Map<String, String> getQueryParameters() {
    return query;
  }

  @Override
  public Optional<String> getBody() {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  @Override
  public HttpResponseMessage.Builder createResponseBuilder(HttpStatusType status) {
    return new Response().status(status);
  }

  @Override
  public HttpResponseMessage.Builder createResponseBuilder(
      com.microsoft.azure.functions.HttpStatus status) {
    return new Response().status(status);
  }

  /** Builder and response in one. */
  static final class Response implements HttpResponseMessage, HttpResponseMessage.Builder {

    private @Nullable HttpStatusType status;
    private final Map<String, String> headers = new HashMap<>();
    private @Nullable Object body;

    @Override
    public Response status(HttpStatusType status) {
      this.status = status;
      return this;
    }

    @Override
    public Response header(String key, String value) {
      headers.put(key, value);
      return this;
    }

    @Override
    public Response body(Object body) {
      this.body = body;
      return this;
    }

    @Override
    public HttpResponseMessage build() {
      return this;
    }

    @Override
    public @Nullable HttpStatusType getStatus() {
      return status;
    }

    @Override
    public @Nullable String getHeader(String key) {
      return headers.get(key);
    }

    @Override
    public @Nullable Object getBody() {
      return body;
    }
  }
}
