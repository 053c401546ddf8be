// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import dev.coracle.CoracleException;
import dev.coracle.protocol.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.eclipse.jetty.http.HttpFields;

/** Adds the routes for people and monitoring: the page, the OpenAPI document, the metrics. */
final class InfoRoutes {

  /** Allow the page to load only its own files, from this server. */
  private static final HttpFields PAGE_HEADERS =
      HttpFields.build()
          .add(
              "Content-Security-Policy",
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                  + " img-src 'self' blob: data:; base-uri 'none'; form-action 'none';"
                  + " frame-ancestors 'none'")
          .add("X-Content-Type-Options", "nosniff")
          .add("Referrer-Policy", "no-referrer")
          .add("Cache-Control", "no-cache")
          .asImmutable();

  private InfoRoutes() {}

  static void addTo(Routes routes, Metrics metrics) {
    file(routes, "/openapi.json", "openapi.json", "application/json");
    routes.add(
        "GET",
        "/metrics",
        (exchange, parameters) ->
            exchange.answer(
                new Answer(
                    "text/plain; version=0.0.4; charset=utf-8",
                    metrics.text().getBytes(StandardCharsets.UTF_8))));
  }

  /** Adds the page to draw on, which queries the only model. */
  static void addPageTo(Routes routes) {
    file(routes, "/", "page.html", "text/html; charset=utf-8");
    file(routes, "/page.css", "page.css", "text/css; charset=utf-8");
    file(routes, "/page.js", "page.js", "text/javascript; charset=utf-8");
  }

  private static void file(Routes routes, String path, String resource, String contentType) {
    Answer answer = new Answer(contentType, read(resource));
    routes.add("GET", path, (exchange, parameters) -> exchange.answer(200, answer, PAGE_HEADERS));
  }

  private static byte[] read(String resource) {
    try (InputStream in = InfoRoutes.class.getResourceAsStream(resource)) {
      return Objects.requireNonNull(in, resource + " is missing from the jar").readAllBytes();
    } catch (IOException e) {
      throw new CoracleException("cannot read " + resource + " of the jar", e);
    }
  }
}
