// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** An HTTP server on a free loopback port that gives prepared answers, the last one for ever. */
final class FakeSource implements AutoCloseable {

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Deque<HttpHandler> answers = new ArrayDeque<>();
  private final List<String> userAgents = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  FakeSource() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/some/folder";
  }

  int requests() {
    return userAgents.size();
  }

  List<String> userAgents() {
    return List.copyOf(userAgents);
  }

  FakeSource answer(int status, byte[] body) {
    return add(
        exchange -> {
          exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
          exchange.getResponseBody().write(body);
        });
  }

  FakeSource answerChunked(byte[] body) {
    return add(
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(body);
        });
  }

  /** Announces the whole body, sends its start and closes the connection. */
  FakeSource answerTruncated(byte[] body, int length) {
    return add(
        exchange -> {
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body, 0, length);
          exchange.getResponseBody().flush();
        });
  }

  FakeSource redirect(String location) {
    return add(
        exchange -> {
          exchange.getResponseHeaders().add("Location", location);
          exchange.sendResponseHeaders(302, -1);
        });
  }

  /** Sends the start of a longer body, or with an empty start not even headers, and no more. */
  FakeSource stall(byte[] start) {
    return add(
        exchange -> {
          if (start.length > 0) {
            exchange.sendResponseHeaders(200, start.length + 100L);
            exchange.getResponseBody().write(start);
            exchange.getResponseBody().flush();
          }
          try {
            closed.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Announces a megabyte and sends one byte every 20 ms. */
  FakeSource drip() {
    return add(
        exchange -> {
          exchange.sendResponseHeaders(200, 1 << 20);
          try {
            while (!closed.await(20, TimeUnit.MILLISECONDS)) {
              exchange.getResponseBody().write(0);
              exchange.getResponseBody().flush();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private synchronized FakeSource add(HttpHandler answer) {
    answers.add(answer);
    return this;
  }

  private synchronized HttpHandler next() {
    return answers.size() > 1 ? answers.remove() : answers.element();
  }

  private void handle(HttpExchange exchange) throws IOException {
    userAgents.add(exchange.getRequestHeaders().getFirst("User-Agent"));
    try (exchange) {
      next().handle(exchange);
    }
  }
}
