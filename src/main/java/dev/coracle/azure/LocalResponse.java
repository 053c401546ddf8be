// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.microsoft.azure.functions.HttpResponseMessage;
import com.microsoft.azure.functions.HttpStatus;
import com.microsoft.azure.functions.HttpStatusType;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A response and its builder in one. */
final class LocalResponse implements HttpResponseMessage, HttpResponseMessage.Builder {

  private HttpStatusType status = HttpStatus.OK;
  private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private @Nullable Object body;

  @Override
  public LocalResponse status(HttpStatusType status) {
    this.status = status;
    return this;
  }

  @Override
  public LocalResponse header(String key, String value) {
    headers.put(key, value);
    return this;
  }

  @Override
  public LocalResponse body(@Nullable Object body) {
    this.body = body;
    return this;
  }

  @Override
  public HttpResponseMessage build() {
    return this;
  }

  @Override
  public HttpStatusType getStatus() {
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

  Map<String, String> headers() {
    return headers;
  }

  /**
   * Returns the body's bytes, or null if there is no body.
   *
   * @throws IllegalStateException if it is neither text nor bytes
   */
  byte @Nullable [] content() {
    if (body == null || body instanceof byte[]) {
      return (byte[]) body;
    }
    if (body instanceof String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    throw new IllegalStateException("expected a body of String or byte[], got " + body.getClass());
  }
}
