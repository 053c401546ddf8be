// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Is what these tests need of S3: objects in one bucket, {@code If-None-Match}, lists in pages of
 * two, deletion of many, one entry of metadata. The integration test uses an S3 that others wrote.
 */
public final class FakeS3 implements AutoCloseable {

  private static final String RUN = "x-amz-meta-coracle-run";

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final String bucket;
  private final Map<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Deque<Failure> failures = new ArrayDeque<>();
  private final Set<String> undeletable = new HashSet<>();
  private final Set<String> lost = new HashSet<>();
  private final Map<String, String> runs = new ConcurrentSkipListMap<>();

  private record Failure(String method, int status, String code) {}

  public FakeS3(String bucket) {
    this.bucket = bucket;
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

  /** The objects by key; may be changed. */
  public Map<String, byte[]> objects() {
    return objects;
  }

  /** Method and path of all requests. */
  public List<String> requests() {
    return requests;
  }

  /** Answers the next request of a method with an error. */
  synchronized void fail(String method, int status, String code) {
    failures.add(new Failure(method, status, code));
  }

  synchronized void keep(String key) {
    undeletable.add(key);
  }

  /** Does what the next PUT of a key asks for, and says nothing. */
  synchronized void loseAnswer(String key) {
    lost.add(key);
  }

  private synchronized boolean isLost(String key) {
    return lost.remove(key);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = body(exchange);
      String method = exchange.getRequestMethod();
      requests.add(method + " " + exchange.getRequestURI());
      String[] path = exchange.getRequestURI().getPath().substring(1).split("/", 2);
      Failure failure = failure(method);
      if (failure != null) {
        error(exchange, failure.status(), failure.code());
      } else if (!path[0].equals(bucket)) {
        error(exchange, 404, "NoSuchBucket");
      } else if (path.length < 2 || path[1].isEmpty()) {
        bucket(exchange, method, body);
      } else {
        object(exchange, method, path[1], body);
      }
    }
  }

  private synchronized @Nullable Failure failure(String method) {
    Failure next = failures.peek();
    return next != null && next.method().equals(method) ? failures.remove() : null;
  }

  private void object(HttpExchange exchange, String method, String key, byte[] body)
      throws IOException {
    switch (method) {
      case "PUT" -> {
        boolean conditional = "*".equals(exchange.getRequestHeaders().getFirst("If-None-Match"));
        if (conditional && objects.containsKey(key)) {
          error(exchange, 412, "PreconditionFailed");
          return;
        }
        objects.put(key, body);
        runs.put(key, String.valueOf(exchange.getRequestHeaders().getFirst(RUN)));
        if (isLost(key)) {
          return;
        }
        exchange.getResponseHeaders().add("ETag", "\"0\"");
        exchange.sendResponseHeaders(200, -1);
      }
      case "GET" -> {
        byte[] content = objects.get(key);
        if (content == null) {
          error(exchange, 404, "NoSuchKey");
          return;
        }
        exchange.sendResponseHeaders(200, content.length == 0 ? -1 : content.length);
        exchange.getResponseBody().write(content);
      }
      case "HEAD" -> {
        exchange.getResponseHeaders().add(RUN, runs.getOrDefault(key, ""));
        exchange.sendResponseHeaders(objects.containsKey(key) ? 200 : 404, -1);
      }
      default -> error(exchange, 405, "MethodNotAllowed");
    }
  }

  private void bucket(HttpExchange exchange, String method, byte[] body) throws IOException {
    Map<String, String> query = query(exchange.getRequestURI());
    if (method.equals("GET") && "2".equals(query.get("list-type"))) {
      list(exchange, query);
    } else if (method.equals("POST") && query.containsKey("delete")) {
      delete(exchange, new String(body, StandardCharsets.UTF_8));
    } else {
      error(exchange, 405, "MethodNotAllowed");
    }
  }

  private void list(HttpExchange exchange, Map<String, String> query) throws IOException {
    String prefix = query.getOrDefault("prefix", "");
    String after = query.getOrDefault("continuation-token", "");
    List<String> keys =
        objects.keySet().stream()
            .filter(key -> key.startsWith(prefix) && key.compareTo(after) > 0)
            .toList();
    List<String> page = keys.subList(0, Math.min(2, keys.size()));
    StringBuilder xml = new StringBuilder("<ListBucketResult><Name>" + bucket + "</Name>");
    boolean more = keys.size() > page.size();
    xml.append("<KeyCount>").append(page.size()).append("</KeyCount>");
    xml.append("<IsTruncated>").append(more).append("</IsTruncated>");
    if (more) {
      xml.append("<NextContinuationToken>").append(page.get(1)).append("</NextContinuationToken>");
    }
    page.forEach(key -> xml.append("<Contents><Key>").append(key).append("</Key></Contents>"));
    answer(exchange, 200, xml + "</ListBucketResult>");
  }

  private synchronized void delete(HttpExchange exchange, String request) throws IOException {
    StringBuilder xml = new StringBuilder("<DeleteResult>");
    Matcher key = Pattern.compile("<Key>([^<]*)</Key>").matcher(request);
    while (key.find()) {
      if (undeletable.contains(key.group(1))) {
        xml.append("<Error><Key>").append(key.group(1));
        xml.append("</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
      } else {
        objects.remove(key.group(1));
      }
    }
    answer(exchange, 200, xml + "</DeleteResult>");
  }

  private static Map<String, String> query(URI uri) {
    Map<String, String> query = new TreeMap<>();
    for (String part : Objects.requireNonNullElse(uri.getRawQuery(), "").split("&", -1)) {
      String[] pair = part.split("=", 2);
      String value = pair.length < 2 ? "" : URLDecoder.decode(pair[1], StandardCharsets.UTF_8);
      query.put(pair[0], value);
    }
    return query;
  }

  private static void error(HttpExchange exchange, int status, String code) throws IOException {
    answer(
        exchange,
        status,
        "<Error><Code>%s</Code><Message>S3 says so.</Message></Error>".formatted(code));
  }

  private static void answer(HttpExchange exchange, int status, String xml) throws IOException {
    byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/xml");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  /** Takes the chunks of a signed upload apart: length in hexadecimal; signature, content. */
  private static byte[] body(HttpExchange exchange) throws IOException {
    byte[] raw = exchange.getRequestBody().readAllBytes();
    String encoding = exchange.getRequestHeaders().getFirst("Content-Encoding");
    if (encoding == null || !encoding.contains("aws-chunked")) {
      return raw;
    }
    InputStream in = new ByteArrayInputStream(raw);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    while (true) {
      int length = Integer.parseInt(line(in).split(";", -1)[0], 16);
      if (length == 0) {
        return content.toByteArray();
      }
      content.write(in.readNBytes(length));
      line(in);
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  /** The keys, for assertions. */
  public List<String> keys() {
    return new ArrayList<>(objects.keySet());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
