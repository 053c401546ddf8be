// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.coracle.protocol.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.Consumer;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/**
 * Counts each request that was answered and writes one line of JSON about it: what it was and how
 * it went, but none of its content. Includes those that Jetty itself refused.
 */
final class RequestLines implements RequestLog {

  /** Longer paths are cut off. */
  private static final int MAX_PATH = 200;

  private final Metrics metrics;
  private final @Nullable Consumer<String> lines;

  RequestLines(Metrics metrics, @Nullable Consumer<String> lines) {
    this.metrics = metrics;
    this.lines = lines;
  }

  @Override
  public void log(Request request, Response response) {
    long nanos = System.nanoTime() - request.getBeginNanoTime();
    Object attribute = request.getAttribute(Exchange.ATTRIBUTE);
    Exchange exchange = attribute instanceof Exchange e ? e : null;
    String route = exchange == null ? Dispatcher.NO_ROUTE : exchange.route();
    int status = response.getStatus();
    metrics.request(route, method(request), status, nanos);
    if (lines == null) {
      return;
    }
    byte[] line = Json.bytes(json -> write(json, request, exchange, status, nanos, response));
    lines.accept(new String(line, StandardCharsets.UTF_8));
  }

  private static void write(
      JsonGenerator json,
      Request request,
      @Nullable Exchange exchange,
      int status,
      long nanos,
      Response response)
      throws IOException {
    json.setHighestNonEscapedChar(0x7f); // not only control codes have an effect on terminals
    json.writeStartObject();
    json.writeStringField("time", Instant.now().toString());
    json.writeStringField("client", Request.getRemoteAddr(request));
    json.writeStringField("method", method(request));
    if (exchange != null) { // else Jetty may have put a path of its own in its place
      String path = String.valueOf(request.getHttpURI().getPath());
      json.writeStringField("path", path.length() <= MAX_PATH ? path : path.substring(0, MAX_PATH));
    }
    json.writeNumberField("status", status);
    json.writeNumberField("ms", Math.round(nanos / 1e3) / 1e3);
    json.writeNumberField("bytes_in", Request.getContentBytesRead(request));
    if (exchange != null) { // Jetty does not count what it answers itself
      json.writeNumberField("bytes_out", Response.getContentBytesWritten(response));
      Models.Loaded model = exchange.model();
      if (model != null) {
        json.writeStringField("model", model.name());
        json.writeStringField("version", model.version());
        json.writeNumberField("images", exchange.images());
      }
    }
    json.writeEndObject();
  }

  /** Returns the method or "other": a client can send any word, but metrics must stay few. */
  private static String method(Request request) {
    return switch (request.getMethod()) {
      case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH" -> request.getMethod();
      default -> "other";
    };
  }
}
