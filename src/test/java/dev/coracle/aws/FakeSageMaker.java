// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Speaks SageMaker's, CloudWatch Logs' and SageMaker Runtime's protocols on a port of this machine,
 * and holds every request, and every answer of its own, against the models that AWS publishes. What
 * it does is {@link FakeAccount}'s.
 */
public final class FakeSageMaker implements AutoCloseable {

  static final ObjectMapper JSON = new ObjectMapper();

  /** Answers a request to an endpoint; {@code status} other than 200 is the container's error. */
  public interface Container {
    Reply answer(String endpoint, String contentType, byte[] body);
  }

  /** What a container answers. */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares replies
  public record Reply(int status, String contentType, byte[] body) {}

  /** An error of the service. */
  static final class ServiceError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final int status;
    final String code;

    ServiceError(int status, String code, String message) {
      super(message);
      this.status = status;
      this.code = code;
    }
  }

  private record Planned(@Nullable ServiceError error, boolean afterwards) {}

  private static final Map<String, String> PREFIXES =
      Map.of("SageMaker", "sagemaker", "Logs_20140328", "logs");

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, ApiModel> models =
      Map.of("sagemaker", new ApiModel("sagemaker.json"), "logs", new ApiModel("logs.json"));
  private final FakeAccount account = new FakeAccount();
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final Map<String, List<Planned>> planned = new HashMap<>();
  private volatile String key = TestCloud.KEY;
  private volatile String region = TestCloud.REGION;
  private Container container =
      (endpoint, type, body) ->
          new Reply(200, "application/json", "{\"label\":7}".getBytes(StandardCharsets.UTF_8));

  public FakeSageMaker() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  public FakeAccount account() {
    return account;
  }

  /** The names of the operations that were called, in order. */
  public List<String> calls() {
    return calls;
  }

  /** What was wrong with the requests by AWS's model; a test expects nothing. */
  public List<String> violations() {
    return violations;
  }

  /** Expects requests of another key or for another region than a {@link TestCloud}'s. */
  void expect(String accessKey, String inRegion) {
    key = accessKey;
    region = inRegion;
  }

  public void container(Container answers) {
    container = answers;
  }

  /** Answers the next calls of an operation with an error, without doing anything. */
  public synchronized void fail(
      String operation, int times, int status, String code, String message) {
    for (int i = 0; i < times; i++) {
      plan(operation, new Planned(new ServiceError(status, code, message), false));
    }
  }

  /** Does what the next call asks for, and hangs up without an answer. */
  synchronized void loseAnswer(String operation) {
    plan(operation, new Planned(new ServiceError(0, "", ""), true));
  }

  private void plan(String operation, Planned what) {
    planned.computeIfAbsent(operation, key -> new ArrayList<>()).add(what);
  }

  private synchronized Planned next(String operation) {
    List<Planned> list = planned.getOrDefault(operation, List.of());
    return list.isEmpty() ? new Planned(null, false) : list.remove(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String path = exchange.getRequestURI().getPath();
      if (path.startsWith("/endpoints/")) {
        invoke(exchange, path, body);
        return;
      }
      String[] target =
          String.valueOf(exchange.getRequestHeaders().getFirst("X-Amz-Target")).split("\\.", -1);
      String service = PREFIXES.getOrDefault(target[0], "");
      String operation = target[target.length - 1];
      calls.add(operation);
      Planned plan = next(operation);
      try {
        if (plan.error() != null && !plan.afterwards()) {
          throw plan.error();
        }
        JsonNode answer = call(exchange, service, operation, body);
        if (plan.error() == null) {
          send(exchange, 200, "application/x-amz-json-1.1", answer);
        }
      } catch (ServiceError e) {
        ObjectNode error = JSON.createObjectNode();
        error.put("__type", e.code).put("message", e.getMessage());
        send(exchange, e.status, "application/x-amz-json-1.1", error);
      }
    }
  }

  private JsonNode call(HttpExchange exchange, String service, String operation, byte[] body)
      throws IOException {
    List<String> wrong = new ArrayList<>();
    protocol(exchange, service, wrong);
    ApiModel model = models.get(service);
    if (model == null) {
      violations.add("no service for " + operation);
      throw new ServiceError(400, "UnknownOperationException", "");
    }
    JsonNode request = JSON.readTree(body);
    wrong.addAll(model.request(operation, request));
    if (!wrong.isEmpty()) {
      violations.addAll(wrong);
      throw new ServiceError(400, "ValidationException", String.join("; ", wrong));
    }
    JsonNode answer = account.call(operation, request);
    List<String> own = model.answer(operation, answer);
    own.forEach(problem -> violations.add("the fake's answer: " + problem));
    return answer;
  }

  private void protocol(HttpExchange exchange, String service, List<String> wrong) {
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    if (!exchange.getRequestMethod().equals("POST")
        || !exchange.getRequestURI().toString().equals("/")
        || !"application/x-amz-json-1.1".equals(type)) {
      wrong.add("expected POST / of JSON 1.1, got " + exchange.getRequestURI() + " " + type);
    }
    String signature = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    if (!signature.matches(
        "AWS4-HMAC-SHA256 Credential=%s/\\d{8}/%s/%s/aws4_request, .*"
            .formatted(key, region, service))) {
      wrong.add("expected a signature for " + service + ", got " + signature);
    }
  }

  private void invoke(HttpExchange exchange, String path, byte[] body) throws IOException {
    calls.add("InvokeEndpoint");
    String name = path.replaceAll("^/endpoints/([^/]*)/invocations$", "$1");
    if (!exchange.getRequestMethod().equals("POST") || name.equals(path)) {
      violations.add("no such route: " + exchange.getRequestMethod() + " " + path);
    }
    if (!account.isInService(name)) {
      ObjectNode error = JSON.createObjectNode();
      error.put("message", "Endpoint " + name + " of account 123456789012 not found.");
      exchange.getResponseHeaders().add("x-amzn-ErrorType", "ValidationException");
      send(exchange, 400, "application/json", error);
      return;
    }
    Reply reply =
        container.answer(name, exchange.getRequestHeaders().getFirst("Content-Type"), body);
    if (reply.status() == 200) {
      exchange.getResponseHeaders().add("x-Amzn-Invoked-Production-Variant", "AllTraffic");
      exchange.getResponseHeaders().add("Content-Type", reply.contentType());
      exchange.sendResponseHeaders(200, reply.body().length);
      exchange.getResponseBody().write(reply.body());
      return;
    }
    String message = new String(reply.body(), StandardCharsets.UTF_8);
    ObjectNode error = JSON.createObjectNode();
    error.put(
        "Message",
        "Received client error (%d) from primary with message \"%s\"."
            .formatted(reply.status(), message));
    error.put("OriginalMessage", message).put("OriginalStatusCode", reply.status());
    exchange.getResponseHeaders().add("x-amzn-ErrorType", "ModelError");
    send(exchange, 424, "application/json", error);
  }

  private static void send(HttpExchange exchange, int status, String type, JsonNode json)
      throws IOException {
    byte[] bytes = JSON.writeValueAsBytes(json);
    exchange.getResponseHeaders().add("Content-Type", type);
    exchange.getResponseHeaders().add("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
