// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.microsoft.azure.functions.HttpMethod;
import com.microsoft.azure.functions.HttpRequestMessage;
import com.microsoft.azure.functions.HttpResponseMessage;
import com.microsoft.azure.functions.HttpStatus;
import com.microsoft.azure.functions.HttpStatusType;
import com.sun.net.httpserver.HttpExchange;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request in the form in which Azure's worker passes it on: header names in lower case, one value
 * for each.
 */
record LocalRequest(
    URI uri,
    HttpMethod httpMethod,
    Map<String, String> headers,
    Map<String, String> queryParameters,
    Optional<String> body)
    implements HttpRequestMessage<Optional<String>> {

  static LocalRequest of(HttpExchange exchange, Optional<String> body) {
    Map<String, String> headers = new HashMap<>();
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) -> headers.put(name.toLowerCase(Locale.ROOT), String.join(",", values)));
    return new LocalRequest(
        exchange.getRequestURI(),
        HttpMethod.value(exchange.getRequestMethod()),
        headers,
        parameters(exchange.getRequestURI().getRawQuery()),
        body);
  }

  static Map<String, String> parameters(@Nullable String query) {
    Map<String, String> parameters = new HashMap<>();
    if (query != null) {
      for (String pair : query.split("&", -1)) {
        String[] nameAndValue = pair.split("=", 2);
        String value = nameAndValue.length < 2 ? "" : decoded(nameAndValue[1]);
        if (!nameAndValue[0].isEmpty()) {
          parameters.merge(decoded(nameAndValue[0]), value, (one, other) -> one + "," + other);
        }
      }
    }
    return parameters;
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) { // a % without two hexadecimal digits is taken literally
      return text;
    }
  }

  @Override
  public URI getUri() {
    return uri;
  }

  @Override
  public HttpMethod getHttpMethod() {
    return httpMethod;
  }

  @Override
  public Map<String, String> getHeaders() {
    return headers;
  }

  @Override
  public Map<String, String> getQueryParameters() {
    return queryParameters;
  }

  @Override
  public Optional<String> getBody() {
    return body;
  }

  @Override
  public HttpResponseMessage.Builder createResponseBuilder(HttpStatusType status) {
    return new LocalResponse().status(status);
  }

  @Override
  public HttpResponseMessage.Builder createResponseBuilder(HttpStatus status) {
    return new LocalResponse().status(status);
  }
}
