// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.inference.TestModel;
import dev.coracle.serving.Calls.Call;
import dev.coracle.serving.OpenApiDocument.Operation;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sends good and bad requests for every operation of openapi.json and holds every answer against
 * it. The oracle is a JSON Schema validator of other people's.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpenApiAnswersTest {

  /** Slow or foreign clients, a full server, no memory: what a test of its own provokes. */
  private static final Set<Integer> ELSEWHERE = Set.of(403, 408, 503, 507);

  private static final String MULTI_MODEL = "SageMaker multi-model";

  private final OpenApiDocument document = OpenApiDocument.read();
  private final InferenceServer server;
  private final InferenceServer multiModel;
  private final OperationCalls calls;

  OpenApiAnswersTest(@TempDir Path folder) throws IOException, InterruptedException {
    // The model that the document's examples are of.
    Path model = Files.createDirectories(folder.resolve("mnist/model")).resolve("mnist.onnx");
    TestModel.logits().withSize(2, 2, 3).write(model);
    ServerOptions.Builder options =
        ServerOptions.builder().port(0).maxBodyBytes(OperationCalls.LIMIT);
    this.server = InferenceServer.start(options.model(model).build());
    this.multiModel =
        InferenceServer.start(
            ServerOptions.builder()
                .port(0)
                .maxBodyBytes(OperationCalls.LIMIT)
                .modelsFolder(folder)
                .build());
    JsonNode metadata =
        OpenApiDocument.JSON.readTree(
            Call.of("GET", "/v2/models/mnist", 200).send(server.uri()).body());
    String version = metadata.path("versions").path(0).asText();
    this.calls = new OperationCalls(document, version, model.resolveSibling(""));
  }

  @AfterAll
  void close() {
    server.close();
    multiModel.close();
  }

  Stream<Operation> operations() {
    return document.operations().stream();
  }

  @ParameterizedTest
  @MethodSource("operations")
  void operation_goodAndBadRequests_areAnsweredAsDocumented(Operation operation) throws Exception {
    Answers answers = answers(operation);
    Set<Integer> seen = new TreeSet<>();
    for (Call call : calls.of(operation)) {
      seen.add(answers.check(operation, call).statusCode());
    }
    Set<Integer> documented = new TreeSet<>(document.statuses(operation));
    documented.removeAll(ELSEWHERE);
    if (operation.id().equals("loadModel")) {
      documented.remove(400); // loadModel_damagedFile_is400AndTheOldModelStays
    }
    assertThat(seen).as("every documented status").isEqualTo(documented);
  }

  /** Returns what checks an operation, with the model loaded where it must be. */
  private Answers answers(Operation operation) throws Exception {
    if (!isMultiModel(operation)) {
      return new Answers(document, server.uri());
    }
    int status = calls.load("mnist", 200).send(multiModel.uri()).statusCode();
    assertThat(status).isIn(200, 409);
    return new Answers(document, multiModel.uri());
  }

  private static boolean isMultiModel(Operation operation) {
    return operation.node().path("tags").path(0).asText().equals(MULTI_MODEL);
  }

  @Test
  void examples_ofRequests_areAnsweredLikeTheExamplesOfAnswers() throws Exception {
    int compared = 0;
    for (Operation operation : document.operations()) {
      JsonNode answers =
          document.response(operation, 200).at("/content/application~1json/examples");
      for (var content : document.requestContent(operation).properties()) {
        for (var example : content.getValue().path("examples").properties()) {
          JsonNode expected = answers.path(example.getKey()).path("value");
          if (!expected.isMissingNode() && content.getKey().equals("application/json")) {
            String body = example.getValue().path("value").toString();
            Call call = Call.json(calls.target(operation), body, 200);
            HttpResponse<byte[]> answer = answers(operation).check(operation, call);
            JsonNode actual = OpenApiDocument.JSON.readTree(answer.body());
            if (!operation.path().equals("/api/classify") || !example.getKey().equals("array")) {
              assertSame(expected, actual, operation + " " + example.getKey());
            }
            compared++;
          }
        }
      }
    }
    assertThat(compared).isGreaterThanOrEqualTo(10);
  }

  @Test
  void examples_ofErrors_areWhatTheServerSays() throws Exception {
    assertSaid(
        "BadRequest", Call.json("/invocations", "[[1,2,3,4,5],[1,2,3,4,5],[1,2,3,4,5]]", 400));
    assertSaid("NotFound", Call.of("GET", "/v2/models/letters", 404));
    assertSaid("MethodNotAllowed", Call.of("PUT", "/ping", 405));
    Call good = Call.json("/invocations", "[0,0,1,1]", 406);
    assertSaid("NotAcceptable", good.with("Accept", "image/png"));
    assertSaid("UnsupportedMediaType", Call.post("/invocations", "text/html", "<p>", 415));
    assertThat(calls.load("mnist", 200).send(multiModel.uri()).statusCode()).isIn(200, 409);
    assertSaid("Conflict", calls.load("mnist", 409));
  }

  private void assertSaid(String response, Call call) throws Exception {
    boolean many = call.target().equals("/models");
    HttpResponse<byte[]> answer = call.send((many ? multiModel : server).uri());
    assertThat(answer.statusCode()).isEqualTo(call.status());
    JsonNode example =
        document
            .root()
            .at("/components/responses/" + response)
            .at("/content/application~1json/examples/error/value");
    assertThat(OpenApiDocument.JSON.readTree(answer.body())).isEqualTo(example);
  }

  @Test
  void images_inEveryField_areTakenAndDocumented() throws Exception {
    JsonNode schema = document.root().at("/components/schemas/Images");
    for (String field : List.of("instances", "inputs", "data", "features")) {
      for (String body :
          List.of(
              "{\"%s\":[[0,0,1,1],[0,1,1,1]]}".formatted(field),
              "{\"instances\":[{\"%s\":[0,0,1,1]},{\"%s\":[0,1,1,1]}]}".formatted(field, field))) {
        assertThat(document.errors(schema, OpenApiDocument.JSON.readTree(body))).as(body).isEmpty();
        Call call = Call.json("/invocations", body, 200);
        assertThat(call.send(server.uri()).statusCode()).as(body).isEqualTo(200);
      }
    }
    String two = "{\"data\":[[0,0,1,1]],\"inputs\":[[0,0,1,1]]}";
    assertThat(document.errors(schema, OpenApiDocument.JSON.readTree(two))).isNotEmpty();
    assertThat(Call.json("/invocations", two, 400).send(server.uri()).statusCode()).isEqualTo(400);
  }

  /** Compares values; numbers may differ by 1e-5, for the examples have five decimals. */
  private static void assertSame(JsonNode expected, JsonNode actual, String where) {
    if (expected.isNumber()) {
      assertThat(actual.isNumber()).as(where).isTrue();
      assertThat(actual.asDouble()).as(where).isEqualTo(expected.asDouble(), within(1e-5));
    } else if (expected.isContainerNode()) {
      assertThat(actual.getNodeType()).as(where).isEqualTo(expected.getNodeType());
      assertThat(actual.size()).as(where + " " + actual).isEqualTo(expected.size());
      for (int i = 0; i < expected.size() && expected.isArray(); i++) {
        assertSame(expected.get(i), actual.get(i), where + "/" + i);
      }
      expected
          .properties()
          .forEach(
              field -> {
                JsonNode other = actual.path(field.getKey());
                assertThat(other.isMissingNode()).as(where + "/" + field.getKey()).isFalse();
                if (!field.getKey().equals("model_version")) { // the sum of another file
                  assertSame(field.getValue(), other, where + "/" + field.getKey());
                }
              });
    } else {
      assertThat(actual).as(where).isEqualTo(expected);
    }
  }

  @Test
  void paths_headAndOptionsAndOtherMethods_areAnsweredAsTheInfoSays() throws Exception {
    JsonNode notAllowed = document.root().at("/components/responses/MethodNotAllowed");
    for (String path : Set.copyOf(document.operations().stream().map(Operation::path).toList())) {
      List<Operation> here =
          document.operations().stream().filter(o -> o.path().equals(path)).toList();
      Operation first = here.get(0);
      Answers answers = answers(first);
      Set<String> expected = new TreeSet<>(Set.of("OPTIONS"));
      here.forEach(operation -> expected.add(operation.method()));
      if (expected.contains("GET")) {
        expected.add("HEAD");
        assertHeadIsGetWithoutBody(first);
      }

      HttpResponse<byte[]> options = send(first, "OPTIONS");
      assertThat(options.statusCode()).as(path).isEqualTo(204);
      assertThat(options.body()).isEmpty();
      assertThat(allowed(options)).as(path).isEqualTo(expected);
      for (String method : List.of("PUT", "PATCH", "DELETE", "POST", "GET", "BREW")) {
        if (!expected.contains(method)) {
          HttpResponse<byte[]> answer = send(first, method);
          String what = method + " " + path;
          assertThat(answer.statusCode()).as(what).isEqualTo(405);
          assertThat(allowed(answer)).as(what).isEqualTo(expected);
          answers.check(notAllowed, answer, what);
        }
      }
    }
  }

  private void assertHeadIsGetWithoutBody(Operation operation) throws Exception {
    HttpResponse<byte[]> get = send(operation, "GET");
    HttpResponse<byte[]> head = send(operation, "HEAD");
    assertThat(head.statusCode()).as(operation.path()).isEqualTo(get.statusCode());
    assertThat(head.body()).as(operation.path()).isEmpty();
    assertThat(head.headers().firstValue("Content-Type"))
        .as(operation.path())
        .isEqualTo(get.headers().firstValue("Content-Type"));
  }

  private HttpResponse<byte[]> send(Operation operation, String method) throws Exception {
    return Call.of(method, calls.target(operation), 0)
        .send((isMultiModel(operation) ? multiModel : server).uri());
  }

  private static Set<String> allowed(HttpResponse<byte[]> answer) {
    String allow = answer.headers().firstValue("Allow").orElse("");
    return new TreeSet<>(List.of(allow.split(" *, *")));
  }

  @Test
  void paths_unknown_areAnsweredAsTheInfoSays() throws Exception {
    JsonNode notFound = document.root().at("/components/responses/NotFound");
    for (String path :
        List.of(
            "/x", "/ping/", "/v2/models", "/v2/models/mnist/x", "/models", "/PING", "/page.html")) {
      assertError(path, 404, notFound);
    }
    JsonNode badRequest = document.root().at("/components/responses/BadRequest");
    for (String path : List.of("//", "/v2//health/live", "/v2/%2e%2e/ping", "/v2%2fhealth/live")) {
      assertError(path, 400, badRequest);
    }
  }

  private void assertError(String path, int status, JsonNode response) throws Exception {
    HttpResponse<byte[]> answer = Call.of("GET", path, status).send(server.uri());
    assertThat(answer.statusCode()).as(path).isEqualTo(status);
    new Answers(document, server.uri()).check(response, answer, path);
  }

  @Test
  void loadModel_damagedFile_is400AndTheOldModelStays(@TempDir Path folder) throws Exception {
    Path file = TestModel.logits().withSize(2, 2, 3).write(folder.resolve("mnist.onnx"));
    Operation load =
        document.operations().stream()
            .filter(o -> o.id().equals("loadModel"))
            .findAny()
            .orElseThrow();
    try (InferenceServer other =
        InferenceServer.start(ServerOptions.builder().port(0).model(file).build())) {
      Answers answers = new Answers(document, other.uri());
      Files.writeString(file, "no model");
      answers.check(load, Call.of("POST", calls.target(load), 400));
      Call classify = Call.json("/api/classify", "[0,0,1,1]", 200);
      assertThat(classify.send(other.uri()).statusCode()).isEqualTo(200);
      TestModel.logits().withSize(2, 2, 4).write(file);
      answers.check(load, Call.of("POST", calls.target(load), 200));
    }
  }

  @Test
  void routes_ofBothKindsOfServer_areThoseOfTheDocument() {
    Set<String> documented = new TreeSet<>();
    document.operations().forEach(operation -> documented.add(operation.toString()));
    Set<String> routes = new TreeSet<>();
    for (InferenceServer each : List.of(server, multiModel)) {
      for (Routes.Route route : each.routes().all()) {
        route.methods().keySet().forEach(method -> routes.add(method + " " + route.template()));
      }
    }
    assertThat(routes).isEqualTo(documented);
  }

  @Test
  void openApiJson_served_isTheFile() throws Exception {
    HttpResponse<byte[]> answer = Call.of("GET", "/openapi.json", 200).send(server.uri());
    assertThat(OpenApiDocument.JSON.readTree(answer.body())).isEqualTo(document.root());
  }
}
