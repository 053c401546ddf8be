// SPDX-License-Identifier: Apache-2.0
package dev.coracle.lambda;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Is the service from which a function's process in Lambda fetches its events.
 *
 * @see <a href="https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html">its interface</a>
 */
final class FakeRuntimeApi implements AutoCloseable {

  private static final String PATH = "/2018-06-01/runtime/";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final BlockingQueue<byte[]> events = new LinkedBlockingQueue<>();
  private final BlockingQueue<byte[]> responses = new LinkedBlockingQueue<>();
  private final List<String> errors = new CopyOnWriteArrayList<>();
  private int invocations;

  FakeRuntimeApi() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(PATH, this::serve);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Returns what has gone wrong: errors of the start and of invocations, and calls not known. */
  List<String> errors() {
    return errors;
  }

  /** Hands out an event and returns the response, empty where there is an error instead. */
  byte[] invoke(byte[] event) throws InterruptedException {
    events.add(event);
    byte[] response = responses.poll(60, TimeUnit.SECONDS);
    if (response == null) {
      throw new IllegalStateException("no response within 60 s");
    }
    return response;
  }

  private void serve(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath().substring(PATH.length());
      if (path.equals("invocation/next")) {
        next(exchange);
        return;
      }
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (path.matches("invocation/id-\\d+/response")) {
        responses.add(body);
      } else {
        errors.add(path + ": " + new String(body, StandardCharsets.UTF_8));
        responses.add(new byte[0]);
      }
      exchange.sendResponseHeaders(202, -1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the test is over
    }
  }

  private void next(HttpExchange exchange) throws IOException, InterruptedException {
    byte[] event = events.take();
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", "application/json"); // without it the client ends its JVM
    headers.set("Lambda-Runtime-Aws-Request-Id", "id-" + invocations++);
    headers.set("Lambda-Runtime-Deadline-Ms", Long.toString(System.currentTimeMillis() + 60_000));
    headers.set(
        "Lambda-Runtime-Invoked-Function-Arn",
        "arn:aws:lambda:us-east-1:123456789012:function:digits");
    exchange.sendResponseHeaders(200, event.length);
    exchange.getResponseBody().write(event);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
