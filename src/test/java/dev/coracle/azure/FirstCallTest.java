// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.coracle.CoracleException;
import dev.coracle.function.ClassifyFunction;
import dev.coracle.function.ClassifyFunction.Call;
import dev.coracle.function.ClassifyFunction.Reply;
import dev.coracle.function.Vector;
import dev.coracle.inference.Classifier;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FirstCallTest {

  private final HttpServer server;
  private final AtomicInteger calls = new AtomicInteger();
  private final List<String> log = new ArrayList<>();

  FirstCallTest() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void check(Duration limit) throws InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/api/classify");
    new FirstCall(limit, Duration.ofMillis(1)).check(uri, log::add);
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** Answers as the function does, after some refusals, as of an app that starts. */
  private void serve(ClassifyFunction function, int refusals) {
    server.createContext(
        "/api/classify",
        exchange -> {
          if (calls.incrementAndGet() <= refusals) {
            answer(exchange, 503, new byte[] {'-'});
            return;
          }
          byte[] body = exchange.getRequestBody().readAllBytes();
          String type = exchange.getRequestHeaders().getFirst("Content-Type");
          Reply reply =
              function.answer(new Call(exchange.getRequestMethod(), type, null, null, body));
          answer(exchange, reply.status(), reply.answer().body());
        });
  }

  @Test
  void check_appStillStarts_waitsAndShowsTheAnswerToAPicture() throws Exception {
    try (Classifier model = Vector.model()) {
      serve(new ClassifyFunction(() -> model), 3);
      check(Duration.ofMinutes(1));
    }
    assertThat(log).hasSize(1);
    assertThat(log.get(0))
        .matches("A blank picture is answered with 200 \\{\"digits\":\\s?\\[\\d]}");
    assertThat(calls).hasValue(5);
  }

  @Test
  void check_functionWithoutAModel_fails() {
    serve(
        new ClassifyFunction(
            () -> {
              throw new CoracleException("none");
            }),
        0);
    assertThatThrownBy(() -> check(Duration.ofMinutes(1)))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll("answers a picture with 500", "no model", "log stream");
  }

  @Test
  void check_neverStarts_failsWithTheLastStatus() {
    assertThatThrownBy(() -> check(Duration.ZERO))
        .isInstanceOf(CoracleException.class)
        .hasMessageContainingAll("did not answer GET with 200", "last: status 404");
  }
}
