// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.function.Vector;
import dev.coracle.inference.TestModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FunctionHostTest {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static final String PROBE_JSON =
      """
      {"scriptFile": "../probe.jar", "entryPoint": "dev.coracle.azure.ProbeFunction.run",
       "bindings": [{"type": "http", "direction": "out", "name": "$return"},
                    {"type": "httpTrigger", "name": "r", "methods": ["get", "post"]}]}
      """;

  private final Path folder;

  FunctionHostTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** The entries of an app with {@link ProbeFunction}. */
  private static Map<String, byte[]> probe() throws IOException {
    String name = "dev/coracle/azure/ProbeFunction.class";
    try (InputStream in = FunctionHostTest.class.getClassLoader().getResourceAsStream(name)) {
      Map<String, byte[]> app = new TreeMap<>();
      app.put("host.json", Zip.utf8("{\"version\": \"2.0\"}"));
      app.put("probe.jar", Zip.of(Map.of(name, Objects.requireNonNull(in).readAllBytes())));
      app.put("Probe/function.json", Zip.utf8(PROBE_JSON));
      return app;
    }
  }

  private FunctionHost host(Map<String, byte[]> app) throws IOException {
    return FunctionHost.start(Zip.write(folder.resolve("app.zip"), app), "127.0.0.1", 0);
  }

  private Path archive() throws IOException {
    Path archive = folder.resolve("app.zip");
    FunctionArchive.write(TestModel.mnist().write(folder.resolve("m.onnx")), archive);
    return archive;
  }

  private static HttpRequest.Builder request(FunctionHost host, String path) {
    return HttpRequest.newBuilder(host.uri().resolve(path));
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  private static HttpRequest post(FunctionHost host, Vector vector) {
    String query = vector.probabilities() == null ? "" : "?probabilities=" + vector.probabilities();
    HttpRequest.Builder request =
        request(host, "/api/classify" + query)
            .method(vector.method(), BodyPublishers.ofByteArray(vector.body()));
    vector.headers().forEach(request::header);
    return request.build();
  }

  private static void check(Vector vector, HttpResponse<byte[]> response) {
    vector.check(
        response.statusCode(),
        response.headers().firstValue("Content-Type").orElse(null),
        response.body());
  }

  /** The model's file goes after the first answers: whoever opened it again would fail. */
  @Test
  void archive_thousandCallsAtOnce_areAllRight_withOneModel() throws Exception {
    List<Vector> vectors = Vector.all().stream().filter(Vector::isText).toList();
    Path unpacked;
    try (FunctionHost host = FunctionHost.start(archive(), "127.0.0.1", 0)) {
      unpacked = host.folder();
      for (Vector vector : vectors) {
        check(vector, CLIENT.send(post(host, vector), BodyHandlers.ofByteArray()));
      }
      Files.delete(unpacked.resolve("model.onnx"));
      Semaphore free = new Semaphore(150); // the JDK's server keeps 200 connections
      List<CompletableFuture<Void>> calls = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        Vector vector = vectors.get(i % vectors.size());
        free.acquire();
        calls.add(
            CLIENT
                .sendAsync(post(host, vector), BodyHandlers.ofByteArray())
                .whenComplete((response, failure) -> free.release())
                .thenAccept(response -> check(vector, response)));
      }
      calls.forEach(CompletableFuture::join);
    }
    assertThat(unpacked).doesNotExist();
  }

  @Test
  void archive_withoutModel_answers500_andTheLogSaysWhatToDo() throws Exception {
    Map<String, byte[]> entries = Zip.read(archive());
    entries.remove("model.onnx");
    List<String> lines = new CopyOnWriteArrayList<>();
    Logger logger = Logger.getLogger("dev.coracle.function.ClassifyFunction");
    Handler handler = handler(lines);
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try (FunctionHost host = host(entries)) {
      HttpResponse<String> response =
          send(request(host, "/api/classify").POST(BodyPublishers.ofString("{}")));
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(response.body()).contains("no model that it can read");
      assertThat(lines).hasSize(1);
      assertThat(lines.get(0))
          .contains(host.folder().resolve("model.onnx").toString(), "CORACLE_MODEL", "put one at");
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
  }

  private static Handler handler(List<String> lines) {
    return new Handler() {
      @Override
      public void publish(LogRecord line) {
        lines.add(line.getMessage());
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
  }

  @Test
  void call_isAsTheWorkersIs() throws Exception {
    try (FunctionHost host = host(probe())) {
      for (int i = 0; i < 2; i++) {
        HttpResponse<String> response =
            send(
                request(host, "/API/Probe?q=a%20b&q=%63")
                    .header("X-PROBE", "yes")
                    .POST(BodyPublishers.ofString("ü")));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("x-answer")).hasValue("1");
        assertThat(response.body())
            .isEqualTo(
                "call 1 of the instance, header yes, query a b,c, body ü, own context loader true,"
                    + " Gson false, Coracle false");
      }
    }
  }

  @Test
  void call_chunkedBody_reachesTheFunctionEmpty() throws Exception {
    try (FunctionHost host = host(probe())) {
      byte[] body = Zip.utf8("{}");
      HttpResponse<String> response =
          send(
              request(host, "/api/Probe")
                  .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))));
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.body()).contains("body none");
    }
  }

  @Test
  void call_functionThrows_is500WithoutBody() throws Exception {
    List<String> lines = new CopyOnWriteArrayList<>();
    Logger logger = Logger.getLogger(FunctionHost.class.getName());
    Handler handler = handler(lines);
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try (FunctionHost host = host(probe())) {
      HttpResponse<String> response = send(request(host, "/api/Probe?fail=1"));
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(response.body()).isEmpty();
      assertThat(lines).containsExactly("the function Probe failed");
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
  }

  @Test
  void call_elsewhere_is404Or405InJson() throws Exception {
    try (FunctionHost host = host(probe())) {
      HttpResponse<String> nowhere = send(request(host, "/probe"));
      assertThat(nowhere.statusCode()).isEqualTo(404);
      assertThat(nowhere.body()).startsWith("{\"error\":").contains(host.uri() + "/api/Probe");
      HttpResponse<String> put =
          send(request(host, "/api/Probe").PUT(BodyPublishers.ofString("x")));
      assertThat(put.statusCode()).isEqualTo(405);
      assertThat(put.headers().firstValue("Allow")).hasValue("GET, POST");
      assertThat(put.body()).startsWith("{\"error\":");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "host.json, '', no host.json at its root",
    "Probe/function.json, '', no folder with a function.json",
    "probe.jar, '', scriptFile ../probe.jar is not in the archive",
    "Probe/function.json, '{', is no JSON",
    "Probe/function.json, '{\"bindings\": [{\"type\": \"timerTrigger\"}]}', httpTrigger",
    "Probe/function.json, '{\"bindings\": [{\"type\": \"httpTrigger\"}]}', scriptFile",
    "../evil, x, outside",
  })
  void start_somethingMissing_saysWhat(String entry, String content, String message)
      throws IOException {
    Map<String, byte[]> app = probe();
    app.put(entry, Zip.utf8(content));
    app.values().removeIf(bytes -> bytes.length == 0);
    assertRefused(app, message);
    assertThat(folder.resolve("evil")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({
    "ProbeFunction.run, NoFunction.run, cannot be loaded",
    "ProbeFunction.run, ProbeFunction.walk, expected one public method walk",
    "ProbeFunction.run, ProbeFunction.equals, HttpRequestMessage",
    "\"r\", '\"r\", \"route\": \"{id}\"', without parameters",
  })
  void start_functionThatCannotBe_saysWhy(String from, String to, String message)
      throws IOException {
    Map<String, byte[]> app = probe();
    app.put("Probe/function.json", Zip.utf8(PROBE_JSON.replace(from, to)));
    assertRefused(app, message);
  }

  private void assertRefused(Map<String, byte[]> app, String message) {
    assertThatThrownBy(() -> host(app).close())
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void start_noZip_orPortTaken_saysSo() throws IOException {
    Path text = Files.writeString(folder.resolve("text.zip"), "text");
    assertThatThrownBy(() -> FunctionHost.start(text, "127.0.0.1", 0))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("expected a zip file");
    assertThatThrownBy(() -> FunctionHost.start(folder.resolve("none.zip"), "127.0.0.1", 0))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("does not exist");
    try (FunctionHost host = host(probe())) {
      URI taken = host.uri();
      assertThatThrownBy(() -> host(probe(), taken.getPort()))
          .isInstanceOf(CoracleException.class)
          .hasMessageContaining("cannot listen on 127.0.0.1, port " + taken.getPort());
    }
  }

  private FunctionHost host(Map<String, byte[]> app, int port) throws IOException {
    return FunctionHost.start(Zip.write(folder.resolve("two.zip"), app), "127.0.0.1", port);
  }

  @Test
  void folder_isServedWhereItIs_andStays() throws Exception {
    for (Map.Entry<String, byte[]> entry : probe().entrySet()) {
      Path file = folder.resolve("staged").resolve(entry.getKey());
      Files.createDirectories(file.getParent());
      Files.write(file, entry.getValue());
    }
    FunctionHost host = FunctionHost.start(folder.resolve("staged"), "127.0.0.1", 0);
    assertThat(host.functions()).containsExactly("Probe: [GET, POST] " + host.uri() + "/api/Probe");
    assertThat(send(request(host, "/api/Probe")).statusCode()).isEqualTo(200);
    host.close();
    host.close();
    assertThat(folder.resolve("staged/host.json")).exists();
  }
}
