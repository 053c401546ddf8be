// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.coracle.inference.TestModel;
import dev.coracle.serving.Calls.Call;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds the server to the Open Inference Protocol as published, not to our openapi.json: the schema
 * in the resources and the rules here are written from the specification.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpenInferenceProtocolTest {

  private static final String MODEL = "/v2/models/mnist";
  private static final String ZEROS = Collections.nCopies(784, "0").toString();
  private static final String ONES = Collections.nCopies(784, "1").toString();
  private static final String ONE = "[1,1,28,28]";

  private final InferenceServer server;
  private final JsonNode rules;

  OpenInferenceProtocolTest(@TempDir Path folder) throws IOException {
    server =
        InferenceServer.start(
            ServerOptions.builder()
                .model(TestModel.logits().write(folder.resolve("mnist.onnx")))
                .port(0)
                .build());
    try (InputStream in = getClass().getResourceAsStream("open-inference-protocol.json")) {
      rules = OpenApiDocument.JSON.readTree(requireNonNull(in));
    }
  }

  @AfterAll
  void close() {
    server.close();
  }

  private JsonNode get(String path, String rule) throws Exception {
    return answer(Call.of("GET", path, 200), rule);
  }

  /** Sends a request; the answer must be JSON and keep a rule of the specification. */
  private JsonNode answer(Call call, String rule) throws Exception {
    HttpResponse<byte[]> answer = call.send(server.uri());
    JsonNode body = OpenApiDocument.JSON.readTree(answer.body());
    assertThat(answer.statusCode()).as("%s -> %s", call, body).isEqualTo(call.status());
    assertThat(answer.headers().firstValue("Content-Type").map(Answers::essence))
        .contains("application/json");
    JsonNode schema = ((ObjectNode) rules.deepCopy()).put("$ref", "#/$defs/" + rule);
    assertThat(rules.at("/$defs/" + rule).isMissingNode()).isFalse();
    assertThat(
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(schema)
                .validate(body))
        .as("%s -> %s", call, body)
        .isEmpty();
    return body;
  }

  private JsonNode infer(String body) throws Exception {
    return answer(Call.json(MODEL + "/infer", body, 200), "inference_response");
  }

  private void refused(String path, String body, int status) throws Exception {
    answer(Call.json(path, body, status), "error");
  }

  private static String request(String shape, String data, String more) {
    return OperationCalls.tensor("input_0", shape, "FP32", data, more);
  }

  @Test
  void health_ready_followsTheText() throws Exception {
    assertThat(get("/v2/health/live", "server_live").path("live").asBoolean()).isTrue();
    assertThat(get("/v2/health/ready", "server_ready").path("live").asBoolean()).isTrue();
    JsonNode model = get(MODEL + "/ready", "model_ready");
    assertThat(model.path("name").asText()).isEqualTo("mnist");
    assertThat(model.path("ready").asBoolean()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v2", "/v2/"}) // the text's path and the OpenAPI file's
  void serverMetadata_bothPaths_followTheText(String path) throws Exception {
    JsonNode server = get(path, "server_metadata");
    assertThat(server.path("name").asText()).isNotBlank();
    assertThat(server.path("version").asText()).isNotBlank();
  }

  @Test
  void modelMetadata_freeBatch_isMinusOne() throws Exception {
    JsonNode model = get(MODEL, "model_metadata");
    assertThat(model.path("name").asText()).isEqualTo("mnist");
    assertThat(model.path("inputs").toString())
        .isEqualTo("[{\"name\":\"input_0\",\"datatype\":\"FP32\",\"shape\":[-1,1,28,28]}]");
    assertThat(model.path("outputs").toString())
        .isEqualTo("[{\"name\":\"output_0\",\"datatype\":\"FP32\",\"shape\":[-1,10]}]");
  }

  @Test
  void versions_ofMetadata_addressTheModel() throws Exception {
    JsonNode versions = get(MODEL, "model_metadata").path("versions");
    assertThat(versions).hasSize(1);
    String path = MODEL + "/versions/" + versions.path(0).asText();
    assertThat(get(path, "model_metadata")).isEqualTo(get(MODEL, "model_metadata"));
    assertThat(get(path + "/ready", "model_ready").path("ready").asBoolean()).isTrue();
    JsonNode answer =
        answer(Call.json(path + "/infer", request(ONE, ZEROS, ""), 200), "inference_response");
    assertThat(answer.path("model_version")).isEqualTo(versions.path(0));
    assertThat(infer(request(ONE, ZEROS, "")).path("model_version")).isEqualTo(versions.path(0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v2/models/letters", "/v2/models/mnist/versions/0", "/v2/models/MNIST"})
  void model_unknown_is404WithError(String path) throws Exception {
    answer(Call.of("GET", path, 404), "error");
    answer(Call.of("GET", path + "/ready", 404), "error");
    refused(path + "/infer", request(ONE, ZEROS, ""), 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"42", "", "null", "\\u00fc\\\"\\\\\\n\\ud83d\\ude00", "00000000-0000-0000-0000"})
  void infer_id_isEchoed(String id) throws Exception {
    JsonNode answer = infer(request(ONE, ZEROS, ",\"id\":\"" + id + "\""));
    assertThat(answer.path("id")).isEqualTo(OpenApiDocument.JSON.readTree('"' + id + '"'));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"id\":null"})
  void infer_noId_givesNone(String more) throws Exception {
    JsonNode answer = infer(request(ONE, ZEROS, more));
    assertThat(answer.has("id")).isFalse();
    assertThat(answer.path("model_name").asText()).isEqualTo("mnist");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",\"outputs\":[]",
        ",\"outputs\":null,\"id\":null,\"parameters\":null",
        ",\"outputs\":[{\"name\":\"output_0\"}]",
        ",\"outputs\":[{\"name\":\"output_0\",\"parameters\":{\"a\":1,\"b\":\"c\",\"d\":true}}]",
        ",\"parameters\":{\"a\":1.5}"
      })
  void infer_outputsAbsentEmptyOrNamed_givesOutput(String more) throws Exception {
    JsonNode outputs = infer(request(ONE, ZEROS, more)).path("outputs");
    assertThat(outputs).hasSize(1);
    JsonNode output = outputs.path(0);
    assertThat(output.path("name").asText()).isEqualTo("output_0");
    assertThat(output.path("datatype").asText()).isEqualTo("FP32");
    assertThat(output.path("shape").toString()).isEqualTo("[1,10]");
    assertThat(output.path("data")).hasSize(10);
    for (int label = 0; label < 10; label++) { // what the linear layer gives for zeros: its bias
      assertThat(output.path("data").path(label).asDouble())
          .isEqualTo(label / 10.0 - 0.5, within(1e-6));
    }
  }

  @Test
  void infer_dataFlatOrNested_isTheSame() throws Exception {
    String row = Collections.nCopies(28, "0.5").toString();
    String image = "[" + Collections.nCopies(28, row) + "]";
    String flat = Collections.nCopies(2 * 784, "0.5").toString();
    String two = "[2,1,28,28]";
    JsonNode expected = infer(request(two, flat, "")).path("outputs");
    assertThat(expected.path(0).path("shape").toString()).isEqualTo("[2,10]");
    assertThat(expected.path(0).path("data")).hasSize(20);
    assertThat(infer(request(two, "[" + image + "," + image + "]", "")).path("outputs"))
        .isEqualTo(expected);
  }

  @Test
  void infer_twoImages_areInRowMajorOrder() throws Exception {
    String flat = ZEROS.replace("]", ",") + ONES.substring(1);
    JsonNode both = infer(request("[2,1,28,28]", flat, "")).path("outputs").path(0).path("data");
    for (int i = 0; i < 2; i++) {
      JsonNode alone =
          infer(request(ONE, i == 0 ? ZEROS : ONES, "")).path("outputs").path(0).path("data");
      for (int label = 0; label < 10; label++) { // batches may sum in another order
        assertThat(both.path(10 * i + label).asDouble())
            .isEqualTo(alone.path(label).asDouble(), within(1e-4));
      }
    }
  }

  @Test
  void infer_fieldsInAnyOrder_areTaken() throws Exception {
    JsonNode expected = infer(request(ONE, ONES, ",\"id\":\"1\""));
    String backwards =
        "{\"outputs\":[{\"name\":\"output_0\"}],\"inputs\":[{\"data\":%s,\"parameters\":{},"
            + "\"datatype\":\"FP32\",\"shape\":%s,\"name\":\"input_0\"}],\"id\":\"1\"}";
    assertThat(infer(backwards.formatted(ONES, ONE))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "input_1  | [1,1,28,28]  | FP32",
        "INPUT_0  | [1,1,28,28]  | FP32",
        "input_0  | [1,784]      | FP32",
        "input_0  | [1,28,28,1]  | FP32",
        "input_0  | [2,1,28,28]  | FP32",
        "input_0  | [-1,1,28,28] | FP32",
        "input_0  | [1.0,1,28,28.5] | FP32",
        "input_0  | [18446744073709551615,1,28,28] | FP32",
        "input_0  | [18446744073709551617,1,28,28] | FP32",
        "input_0  | [1152921504606846977,1,28,28] | FP32", // times 784 is 784 in 64 bits
        "input_0  | 784          | FP32",
        "input_0  | [1,1,28,28]  | FP64",
        "input_0  | [1,1,28,28]  | fp32",
        "input_0  | [1,1,28,28]  | INT64",
        "input_0  | [1,1,28,28]  | BYTES",
      })
  void infer_nameShapeOrTypeNotTheModels_is400(String name, String shape, String datatype)
      throws Exception {
    refused(MODEL + "/infer", OperationCalls.tensor(name, shape, datatype, ZEROS, ""), 400);
  }

  @Test
  void infer_inputsMissingTwiceOrUnknownOutput_is400() throws Exception {
    String input =
        "{\"name\":\"input_0\",\"shape\":[1,1,28,28],\"datatype\":\"FP32\",\"data\":" + ZEROS + "}";
    for (String body :
        List.of(
            "{\"id\":\"1\"}",
            "{\"inputs\":[]}",
            "{\"inputs\":" + input + "}",
            "{\"inputs\":[" + input + "," + input + "]}",
            "{\"inputs\":[" + input + "],\"outputs\":[{\"name\":\"output_1\"}]}",
            "{\"inputs\":[" + input + "],\"outputs\":[{}]}",
            "{\"inputs\":[" + input + "],\"id\":7}",
            "{\"inputs\":[" + input.replace("\"name\":\"input_0\",", "") + "]}",
            "{\"inputs\":[" + input.replace("\"datatype\":\"FP32\",", "") + "]}",
            "{\"inputs\":[" + input.replace("\"shape\":[1,1,28,28],", "") + "]}")) {
      refused(MODEL + "/infer", body, 400);
    }
  }

  @Test
  void infer_uint8Model_takesUint8(@TempDir Path folder) throws Exception {
    Path file = TestModel.logits().withUint8Input().write(folder.resolve("grey.onnx"));
    try (InferenceServer grey =
        InferenceServer.start(ServerOptions.builder().model(file).port(0).build())) {
      String path = "/v2/models/grey";
      JsonNode model =
          OpenApiDocument.JSON.readTree(Call.of("GET", path, 200).send(grey.uri()).body());
      assertThat(model.at("/inputs/0/datatype").asText()).isEqualTo("UINT8");
      String grey255 = Collections.nCopies(784, "255").toString();
      String body = OperationCalls.tensor("input_0", ONE, "UINT8", grey255, "");
      HttpResponse<byte[]> answer = Call.json(path + "/infer", body, 200).send(grey.uri());
      assertThat(answer.statusCode()).isEqualTo(200);
      JsonNode data = OpenApiDocument.JSON.readTree(answer.body()).at("/outputs/0/data");
      JsonNode same = infer(request(ONE, ONES, "")).at("/outputs/0/data"); // 255 is 1.0
      for (int label = 0; label < 10; label++) {
        assertThat(data.path(label).asDouble())
            .isEqualTo(same.path(label).asDouble(), within(1e-4));
      }
      for (String bad : List.of("255.5", "256", "-1")) {
        String wrong = grey255.replaceFirst("255", bad);
        String request = OperationCalls.tensor("input_0", ONE, "UINT8", wrong, "");
        assertThat(Call.json(path + "/infer", request, 400).send(grey.uri()).statusCode())
            .as(bad)
            .isEqualTo(400);
      }
    }
  }
}
