// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.coracle.CoracleException;
import dev.coracle.protocol.Answer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Serves the functions of an archive on this machine, as Azure's host and its Java worker do: from
 * jars in a class loader of their own, with a new instance for each call, and calls on many
 * threads. A body reaches a function as text, and only if the request has a Content-Length; header
 * names are in lower case; an exception from a function is answered with 500 without a body, and
 * logged. Function keys, which Azure may require, are not required. Thread-safe. Whoever starts a
 * host closes it.
 *
 * <p>Uses the JDK's own HTTP server: an archive contains all its libraries, so the host itself
 * needs none.
 */
public final class FunctionHost implements AutoCloseable {

  private static final long MAX_BODY_BYTES = 100L << 20; // FUNCTIONS_REQUEST_BODY_SIZE_LIMIT

  /** Large, so that no connection is refused when many arrive at once. */
  private static final int BACKLOG = 1024;

  private static final int DRAIN_SECONDS = 10;

  private static final System.Logger LOG = System.getLogger(FunctionHost.class.getName());

  private final FunctionApp app;
  private final HttpServer server;
  private final ExecutorService calls;

  private FunctionHost(FunctionApp app, HttpServer server) {
    this.app = app;
    this.server = server;
    this.calls =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "coracle-azure");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Unpacks an archive into a temporary folder and serves its functions.
   *
   * @param archive a zip file, or the folder that azure-functions-maven-plugin stages, which is
   *     used in place
   * @param port 0 takes a free one
   * @throws CoracleException if there is no such archive, it lacks something or has a function that
   *     is not triggered by HTTP, or the server cannot listen on the port
   */
  public static FunctionHost start(Path archive, String host, int port) {
    FunctionApp app = FunctionApp.open(archive);
    try {
      // Otherwise an answer of two packets waits 40 ms for the acknowledgement of the first, and
      // idle connections beyond 200 are closed although clients would reuse them.
      System.setProperty("sun.net.httpserver.nodelay", "true");
      System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
      InetSocketAddress address = new InetSocketAddress(host, port);
      if (address.isUnresolved()) {
        throw new IOException("there is no such address");
      }
      FunctionHost functionHost = new FunctionHost(app, HttpServer.create(address, BACKLOG));
      functionHost.server.createContext("/", functionHost::answer);
      functionHost.server.setExecutor(functionHost.calls);
      functionHost.server.start();
      return functionHost;
    } catch (IOException | IllegalArgumentException e) {
      app.close();
      throw new CoracleException(
          "cannot listen on %s, port %d: %s".formatted(host, port, e.getMessage()), e);
    }
  }

  /** Returns the address, without a path. */
  public URI uri() {
    InetSocketAddress address = server.getAddress();
    String host = address.getAddress().getHostAddress();
    return URI.create(
        "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort());
  }

  /** Returns a line for each function: its name, methods and address. */
  public List<String> functions() {
    return app.functions().values().stream()
        .map(f -> "%s: %s %s".formatted(f.name(), f.methods(), uri().resolve(f.path())))
        .toList();
  }

  /** Returns the folder with the app's files. */
  Path folder() {
    return app.folder();
  }

  private void answer(HttpExchange exchange) {
    try (exchange) {
      HttpFunction function =
          app.functions().get(exchange.getRequestURI().getPath().toLowerCase(Locale.ROOT));
      String method = exchange.getRequestMethod();
      long length = contentLength(exchange);
      if (function == null) {
        send(exchange, 404, Answer.error("there is no function here; expected " + functions()));
      } else if (!function.takes(method)) {
        exchange.getResponseHeaders().set("Allow", String.join(", ", function.methods()));
        send(exchange, 405, Answer.error("expected " + function.methods() + ", got " + method));
      } else if (length > MAX_BODY_BYTES) {
        send(exchange, 413, Answer.error("expected at most " + MAX_BODY_BYTES + " bytes"));
      } else {
        call(function, exchange, length);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a client has gone", e);
    }
  }

  /** Returns 0 where the header is missing, as for a chunked body, or not a number. */
  private static long contentLength(HttpExchange exchange) {
    String length = exchange.getRequestHeaders().getFirst("Content-Length");
    try {
      return length == null ? 0 : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static void call(HttpFunction function, HttpExchange exchange, long length)
      throws IOException {
    Optional<String> body =
        length > 0
            ? Optional.of(
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8))
            : Optional.empty();
    LocalResponse response;
    byte[] content;
    try {
      response = function.call(LocalRequest.of(exchange, body));
      content = response.content();
    } catch (Exception | LinkageError | AssertionError | OutOfMemoryError e) {
      LOG.log(System.Logger.Level.ERROR, "the function " + function.name() + " failed", e);
      exchange.sendResponseHeaders(500, -1);
      return;
    }
    response.headers().forEach(exchange.getResponseHeaders()::set);
    send(exchange, response.getStatusCode(), content);
  }

  private static void send(HttpExchange exchange, int status, Answer answer) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", answer.contentType());
    send(exchange, status, answer.body());
  }

  private static void send(HttpExchange exchange, int status, byte @Nullable [] body)
      throws IOException {
    boolean isHead = exchange.getRequestMethod().equals("HEAD");
    if (body == null || body.length == 0 || isHead) {
      exchange.sendResponseHeaders(status, -1); // 0 would mean chunked
    } else {
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /**
   * Lets the calls under way finish, for up to 10 seconds, and deletes the unpacked files. A second
   * call does nothing.
   */
  @Override
  public synchronized void close() {
    calls.shutdown();
    try {
      if (!calls.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS)) {
        LOG.log(System.Logger.Level.WARNING, "calls still run after " + DRAIN_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    server.stop(0); // given a delay, it would wait for all of it even without calls
    app.close();
  }
}
