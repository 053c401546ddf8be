// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.coracle.serving.Calls.Call;
import dev.coracle.serving.OpenApiDocument.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Lists requests, good and bad, for every operation of openapi.json. They are for a server with the
 * model of the document's examples under the name mnist and bodies of at most {@link #LIMIT} bytes.
 */
final class OperationCalls {

  static final int LIMIT = 100_000;

  private static final String DATA = "{\"data\":[[0,0,1,1]]}";
  private static final String TENSOR =
      "{\"inputs\":[{\"name\":\"%s\",\"shape\":%s,\"datatype\":\"%s\",\"data\":%s}]%s}";

  private final OpenApiDocument document;
  private final String version;
  private final String folder;

  /**
   * @param version of the model
   * @param folder with the model's file, which /models is asked to load
   */
  OperationCalls(OpenApiDocument document, String version, Path folder) {
    this.document = document;
    this.version = version;
    this.folder = JsonNodeFactory.instance.textNode(folder.toString()).toString();
  }

  Call load(String name, int status) {
    return Call.json("/models", "{\"model_name\":\"" + name + "\",\"url\":" + folder + "}", status);
  }

  String target(Operation operation) {
    return operation.path().replace("{name}", "mnist").replace("{version}", version);
  }

  List<Call> of(Operation operation) throws IOException {
    String target = target(operation);
    List<Call> calls = new ArrayList<>();
    switch (operation.id()) {
      case "invoke", "invokeModel" -> {
        calls.addAll(images(operation, target));
        calls.add(Call.json(target, DATA, 406).with("Accept", "image/png"));
        for (String accept :
            List.of(
                "text/csv", "application/x-npy", "application/jsonlines", "text/html, */*;q=0.1")) {
          calls.add(Call.json(target, DATA, 200).with("Accept", accept));
        }
        String attributes = "X-Amzn-SageMaker-Custom-Attributes";
        calls.add(Call.json(target, DATA, 200).with(attributes, "trace=7"));
        calls.add(Call.json(target, DATA, 400).with(attributes, "a".repeat(1025)));
      }
      case "classify" -> {
        calls.addAll(images(operation, target));
        calls.add(Call.json(target + "?probabilities=true", DATA, 200));
        calls.add(Call.post(target, "application/x-www-form-urlencoded", DATA, 200));
        calls.add(new Call("POST", target, Map.of(), DATA.getBytes(UTF_8), 200));
      }
      case "modelInfer", "modelVersionInfer" -> calls.addAll(infer(operation, target));
      case "loadModel", "indexModels" ->
          calls.add(Call.json(target, "{}", 200)); // as Triton's clients send it
      case "addModel" -> {
        calls.add(load("second", 200));
        calls.add(load("second", 409));
        calls.add(Call.json(target, "{", 400));
        calls.add(Call.json(target, "{\"model_name\":\"x\"}", 400));
        calls.add(Call.json(target, "{\"model_name\":\"x\",\"url\":\"no/such/folder\"}", 400));
        String absent = folder.substring(0, folder.length() - 1) + "/absent\"";
        calls.add(Call.json(target, "{\"model_name\":\"x\",\"url\":" + absent + "}", 404));
        calls.add(load("third", 415).with("Content-Encoding", "br"));
        calls.add(Call.json(target, " ".repeat(LIMIT + 1), 413));
      }
      default -> calls.add(Call.of(operation.method(), target, 200));
    }
    if (operation.path().contains("{name}")) {
      String unknown = operation.path().replace("{name}", "letters").replace("{version}", version);
      calls.add(withBodyOf(operation, calls.get(0), unknown));
    }
    if (operation.path().contains("{version}")) {
      String unknown = operation.path().replace("{name}", "mnist").replace("{version}", "0");
      calls.add(withBodyOf(operation, calls.get(0), unknown));
    }
    return calls;
  }

  private static Call withBodyOf(Operation operation, Call call, String target) {
    return new Call(operation.method(), target, call.headers(), call.body(), 404);
  }

  /** Returns the requests that the document has as examples. */
  List<Call> examples(Operation operation) {
    List<Call> calls = new ArrayList<>();
    document
        .requestContent(operation)
        .properties()
        .forEach(
            content ->
                content
                    .getValue()
                    .path("examples")
                    .forEach(
                        example -> {
                          JsonNode value = example.path("value");
                          String body = value.isTextual() ? value.asText() : value.toString();
                          calls.add(Call.post(target(operation), content.getKey(), body, 200));
                        }));
    return calls;
  }

  private List<Call> images(Operation operation, String target) throws IOException {
    List<Call> calls = new ArrayList<>(examples(operation));
    calls.add(Call.post(target, "application/x-npy", Calls.npy(0, 1, 2, 3, 4, 5, 6, 7), 200));
    calls.add(Call.post(target, "application/octet-stream", new byte[8], 200));
    calls.add(Call.post(target, "image/png", Calls.picture("png"), 200));
    calls.add(Call.post(target, "image/jpeg", Calls.picture("jpeg"), 200));
    calls.add(Call.post(target, "image/jpg", Calls.picture("jpeg"), 200));
    calls.add(Call.post(target, "application/x-image", Calls.picture("png"), 200));
    calls.add(Call.post(target, "text/json", DATA, 200));
    for (String lines :
        List.of("application/x-jsonlines", "application/jsonl", "application/x-ndjson")) {
      calls.add(Call.post(target, lines, "[0,0,1,1]\n", 200));
    }
    calls.add(Call.json(target, "{\"more\":[1],\"data\":[0,0,1,1]}", 200));
    calls.add(
        Call.post(target, "application/json", Calls.gzip(DATA.getBytes(UTF_8)), 200)
            .with("Content-Encoding", "gzip"));

    for (String bad :
        List.of(
            "",
            " ",
            "{",
            "[",
            "null",
            "7",
            "[]",
            "[[]]",
            "{}",
            "nonsense",
            DATA + "x",
            "[0,0,1,null]",
            "[0,0,1,\"1\"]",
            "[0,0,1,NaN]",
            "[0,0,1,1e308]",
            "[0,0,1]",
            "[[0,0,1,1],[0,0,1]]",
            "{\"data\":[0,0,1,1],\"inputs\":[0,0,1,1]}",
            "{\"data\":[0,0,1,1],\"data\":[0,0,1,1]}",
            "{\"data\":[[[[[0,0],[1,1]]]]]}",
            "{\"instances\":[{\"pixels\":[0,0,1,1]}]}")) {
      calls.add(Call.json(target, bad, 400));
    }
    calls.add(Call.post(target, "application/json; scale=0", DATA, 400));
    calls.add(Call.post(target, "application/json; scale=255", "[0,0,1,256]", 400));
    calls.add(Call.post(target, "text/csv", "0,0,1\n", 400));
    calls.add(Call.post(target, "application/jsonlines", "[0,0,1,1]\n[0,0\n", 400));
    calls.add(Call.post(target, "application/octet-stream", new byte[7], 400));
    calls.add(Call.post(target, "application/x-npy", "\u0093NUMPY", 400));
    byte[] picture = Calls.picture("png");
    calls.add(Call.post(target, "image/png", Arrays.copyOf(picture, picture.length / 2), 400));
    calls.add(Call.post(target, "image/png", "GIF89a, no picture that is taken", 415));
    calls.add(Call.post(target, "text/html", DATA, 415));
    calls.add(Call.post(target, "json", DATA, 415));
    calls.add(Call.post(target, "application/json; charset=utf-16", DATA, 415));
    calls.add(Call.json(target, DATA, 415).with("Content-Encoding", "br"));
    calls.add(Call.post(target, "application/octet-stream", new byte[LIMIT + 4], 413));
    calls.add(
        Call.post(target, "application/octet-stream", Calls.gzip(new byte[LIMIT + 4]), 413)
            .with("Content-Encoding", "gzip"));
    return calls;
  }

  private List<Call> infer(Operation operation, String target) throws IOException {
    List<Call> calls = new ArrayList<>(examples(operation));
    String one = "[1,1,2,2]";
    calls.add(
        Call.json(target, tensor("input_0", one, "FP32", "[0,0,1,1]", ",\"outputs\":[]"), 200));
    for (String bad :
        List.of(
            "",
            "{",
            "[]",
            "{}",
            "{\"inputs\":[]}",
            tensor("input_1", one, "FP32", "[0,0,1,1]", ""),
            tensor("input_0", one, "FP64", "[0,0,1,1]", ""),
            tensor("input_0", one, "UINT8", "[0,0,1,1]", ""),
            tensor("input_0", "[1,4]", "FP32", "[0,0,1,1]", ""),
            tensor("input_0", "[0,1,2,2]", "FP32", "[]", ""),
            tensor("input_0", "[-1,1,2,2]", "FP32", "[0,0,1,1]", ""),
            tensor("input_0", one, "FP32", "[0,0,1]", ""),
            tensor("input_0", one, "FP32", "[[0,0],[1,1]]", ""),
            tensor("input_0", one, "FP32", "[0,0,1,true]", ""),
            tensor("input_0", one, "FP32", "[0,0,1,1]", ",\"outputs\":[{\"name\":\"output_1\"}]"),
            "{\"inputs\":[{\"name\":\"input_0\",\"shape\":[1,1,2,2],\"datatype\":\"FP32\"}]}")) {
      calls.add(Call.json(target, bad, 400));
    }
    calls.add(Call.post(target, "text/csv", "0,0,1,1", 415));
    calls.add(Call.json(target, " ".repeat(LIMIT + 1), 413));
    return calls;
  }

  static String tensor(String name, String shape, String datatype, String data, String more) {
    return TENSOR.formatted(name, shape, datatype, data, more);
  }
}
