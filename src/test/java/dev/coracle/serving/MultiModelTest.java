// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.SlowModel;
import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** SageMaker's calls for multi-model endpoints, also those that must be refused. */
class MultiModelTest extends ServerFixture {

  private Path models;
  private InferenceServer server;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    models = Files.createDirectories(folder.resolve("models"));
    TestModel.mnist().write(Files.createDirectories(models.resolve("a/model")).resolve("m.onnx"));
    server = start(ServerOptions.builder().modelsFolder(models).maxBatch(1));
    client = connect(server);
  }

  private RawClient.Reply call(String request) throws IOException {
    return call(request.getBytes(US_ASCII));
  }

  private RawClient.Reply call(byte[] request) throws IOException {
    RawClient.Reply reply = client.send(request).get();
    if (reply.closes()) {
      client = connect(server);
    }
    return reply;
  }

  private RawClient.Reply load(String name, Object url) throws IOException {
    return call(post("/models", "{\"model_name\":\"%s\",\"url\":\"%s\"}".formatted(name, url)));
  }

  private static byte[] invoke(String name, int images) {
    return GoodRequest.post(
        "/models/" + name + "/invoke", "application/octet-stream", "", new byte[784 * images]);
  }

  private void assertRefused(RawClient.Reply reply, int status) throws IOException {
    assertThat(reply.status()).as("%s", reply).isEqualTo(status);
    if (status != 507) {
      ErrorForm.check(reply);
    }
    assertThat(call(get("/ping")).status()).isEqualTo(200);
  }

  @Test
  void loadInvokeUnload_andBack() throws IOException {
    GoodRequest good = new GoodRequest(1);
    byte[] request =
        GoodRequest.post("/models/x/invoke", "application/octet-stream", "", good.image());
    for (int round = 0; round < 3; round++) {
      assertThat(load("x", models.resolve("a/model")).status()).isEqualTo(200);
      assertThat(call(get("/models")).text()).contains("\"modelName\":\"x\"");
      assertThat(call(get("/models/x")).text()).contains("\"modelUrl\":");
      good.check(client.send(request).get());
      assertRefused(load("x", models.resolve("a/model")), 409);
      assertThat(call("DELETE /models/x HTTP/1.1\r\nHost: a\r\n\r\n").status()).isEqualTo(200);
      assertRefused(call(get("/models/x")), 404);
      assertRefused(call("DELETE /models/x HTTP/1.1\r\nHost: a\r\n\r\n"), 404);
      assertThat(call(get("/models")).text()).isEqualTo("{\"models\":[]}\n");
    }
    assertRefused(call(request), 404);
  }

  @Test
  void load_folderThatMacOsPacked_findsTheOneModel() throws IOException {
    Files.write(models.resolve("a/model/._m.onnx"), new byte[100]);
    assertThat(load("x", models.resolve("a/model")).status()).isEqualTo(200);
  }

  @Test
  void get_unknownAmongMany_namesTheFirstTen() throws IOException {
    for (int i = 10; i < 22; i++) {
      assertThat(load("m" + i, models.resolve("a/model")).status()).isEqualTo(200);
    }
    assertThat(call(get("/models/x")).text())
        .contains("loaded: m10, m11, m12, m13, m14, m15, m16, m17, m18, m19 and others, 12 in all");
  }

  /** SageMaker makes it with the first model. */
  @Test
  void start_folderIsNotThereYet_isReadyAndLoadsOnceItIs() throws IOException {
    Path later = folder.resolve("later");
    server = start(ServerOptions.builder().modelsFolder(later));
    client = connect(server);
    assertRefused(load("x", later.resolve("m.onnx")), 404);
    TestModel.mnist().write(Files.createDirectories(later).resolve("m.onnx"));
    assertThat(load("x", later.resolve("m.onnx")).status()).isEqualTo(200);
  }

  /** It would ask /invocations, which there is not. */
  @Test
  void page_withoutOneModel_isNotThere() throws IOException {
    assertRefused(call(get("/")), 404);
    assertThat(call(get("/openapi.json")).status()).isEqualTo(200);
  }

  @Test
  void load_badCalls_areRefused() throws IOException {
    Path outside = TestModel.mnist().write(folder.resolve("outside.onnx"));
    Files.createSymbolicLink(models.resolve("link.onnx"), outside);
    Files.write(models.resolve("broken.onnx"), new byte[100]);
    Files.createDirectory(models.resolve("empty"));
    assertRefused(load("x", models.resolve("absent")), 404);
    assertRefused(load("x", "\\u0000"), 404);
    assertRefused(load("x", outside), 400);
    assertRefused(load("x", models.resolve("../outside.onnx")), 400);
    assertRefused(load("x", models.resolve("link.onnx")), 404);
    assertRefused(load("x", models.resolve("broken.onnx")), 400);
    assertRefused(load("x", models.resolve("empty")), 400);
    assertRefused(load("x", "/dev/zero"), 400);
    assertRefused(load("x", ""), 400);
    for (String name : new String[] {"", "..", ".", "a/b", "a b", "\\u0000", "x".repeat(257)}) {
      assertRefused(load(name, models.resolve("a/model")), 400);
    }
    for (String body :
        new String[] {
          "{}", "[]", "null", "{\"model_name\":\"x\"}", "{\"model_name\":1,\"url\":2}", "{", "x", ""
        }) {
      assertRefused(call(post("/models", body)), 400);
    }
    assertRefused(call(post("/models", "x".repeat(100_000))), 413);
    assertRefused(call(post("/invocations", "[[0]]")), 404);
  }

  /** Whoever may write to the folder of models could else have any file of the server loaded. */
  @Test
  void load_folderWhoseFileLeadsOutside_404() throws IOException {
    Path outside = TestModel.mnist().write(folder.resolve("outside.onnx"));
    Path sly = Files.createDirectory(models.resolve("sly"));
    Files.createSymbolicLink(sly.resolve("m.onnx"), outside);
    assertRefused(load("x", sly), 404);
    assertThat(call(get("/models")).text()).isEqualTo("{\"models\":[]}\n");
  }

  @Test
  void list_moreThanAPage_goesOnWhereThePageEnds() throws IOException {
    for (int i = 100; i < 200; i++) {
      assertThat(load("m" + i, models.resolve("a/model")).status()).isEqualTo(200);
    }
    assertThat(names(call(get("/models")).text())).hasSize(100);
    assertThat(call(get("/models")).text()).doesNotContain("nextPageToken");

    assertThat(load("m200", models.resolve("a/model")).status()).isEqualTo(200);
    String first = call(get("/models")).text();
    assertThat(names(first)).hasSize(100).startsWith("m100").endsWith("m199");
    assertThat(first).endsWith(",\"nextPageToken\":\"m200\"}\n");
    String second = call(get("/models?next_page_token=m200")).text();
    assertThat(names(second)).containsExactly("m200");
    assertThat(second).doesNotContain("nextPageToken");
  }

  private static List<String> names(String list) {
    return Pattern.compile("\"modelName\":\"(\\w+)\"")
        .matcher(list)
        .results()
        .map(match -> match.group(1))
        .toList();
  }

  @Test
  void loadAndUnload_byAPageOfAnotherSite_403() throws IOException {
    Path file = models.resolve("a/model");
    String foreign = "Host: a\r\nOrigin: http://example.org\r\n";
    String load = post("/models", "{\"model_name\":\"x\",\"url\":\"%s\"}".formatted(file));
    assertRefused(call(load.replace("Host: a\r\n", foreign)), 403);
    assertThat(load("x", file).status()).isEqualTo(200);
    assertRefused(call("DELETE /models/x HTTP/1.1\r\n" + foreign + "\r\n"), 403);
    assertThat(call(get("/models/x")).status()).isEqualTo(200);
  }

  @Test
  void load_moreThanMemory_507() throws IOException {
    Path huge = models.resolve("huge.onnx");
    try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength(1L << 40); // of zeros, which take no room
    }
    assertRefused(load("x", huge), 507);
  }

  @Test
  void unload_whileRequestsRun_theyFinish() throws Exception {
    SlowModel.write(models.resolve("slow.onnx"), 200);
    assertThat(load("s", models.resolve("slow.onnx")).status()).isEqualTo(200);
    List<RawClient> running = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      running.add(connect(server).send(invoke("s", 4)));
    }
    await("they are queued", () -> metric(server, "coracle_queue_requests") >= 3);
    RawClient operator = connect(server).send("DELETE /models/s HTTP/1.1\r\nHost: a\r\n\r\n");
    await("it is gone", () -> call(get("/models/s")).status() == 404);
    for (RawClient each : running) {
      assertThat(each.get().status()).isEqualTo(200);
    }
    assertThat(operator.get().status()).isEqualTo(200);
    assertRefused(call(invoke("s", 1)), 404);
  }
}
