// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.dataset.ImageSet;
import dev.coracle.inference.TestModel;
import dev.coracle.sagemaker.ModelArchive;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole flows, each program in a JVM of its own as in a container. */
@Timeout(300)
class SageMakerIT {

  private static final ImageSet TRAIN = SmallMnist.bars(3000, 1);
  private static final ImageSet TEST = SmallMnist.bars(60, 2);

  @TempDir private Path folder;

  private Path data = Path.of("");

  @BeforeEach
  void data() {
    data = SmallMnist.write(folder.resolve("data"), TRAIN, TEST);
  }

  /** A container's process. */
  private Process start(
      Path base, String command, Map<String, String> variables, String... arguments)
      throws IOException {
    Path log = folder.resolve(command + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                Main.class.getName(),
                "sagemaker",
                command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.command().addAll(List.of(arguments));
    builder.environment().put("CLASSPATH", System.getProperty("surefire.test.class.path"));
    builder.environment().put("SAGEMAKER_BASE_DIR", base.toString());
    builder.environment().putAll(variables);
    return builder.start();
  }

  private String log(String command) throws IOException {
    return Files.readString(folder.resolve(command + ".log"));
  }

  private void await(String command, String text, Process process) throws Exception {
    while (!log(command).contains(text)) {
      assertThat(process.isAlive()).as(log(command)).isTrue();
      Thread.sleep(20);
    }
  }

  private Path job(String name, String hyperparameters) throws IOException {
    Path base = folder.resolve(name);
    Files.createDirectories(base.resolve("input/config"));
    Files.createDirectories(base.resolve("input/data"));
    Files.writeString(base.resolve("input/config/hyperparameters.json"), hyperparameters);
    Files.createSymbolicLink(base.resolve("input/data/training"), data);
    return base;
  }

  @Test
  void local_fromIdxFiles_toAnsweredInvocations() throws Exception {
    Path output = folder.resolve("out");
    Cli cli =
        Cli.fork(
            "sagemaker",
            "local",
            "--data-dir",
            data,
            "--output-dir",
            output,
            "--hosts",
            "2",
            "--images",
            "40",
            "-H",
            "epochs=1",
            "-H",
            "batch_size=\"50\"");

    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    assertThat(cli.out())
        .containsPattern("Training job coracle-local-\\d{8}-\\d{6} on 2 hosts")
        .contains("algo-2 | This is host algo-2, rank 1 of 2")
        .contains("/ping answered 200 after")
        .containsPattern(
            "POST /invocations application/octet-stream +31,360 bytes: 40 of 40 digits right")
        .containsPattern("application/json; scale=255 .*: 40 of 40 digits right")
        .containsPattern("text/csv; scale=255 .*: 40 of 40 digits right")
        .containsPattern("image/png .*: 1 of 1 digits right")
        .contains("Stopped by SIGTERM");
    Path model = folder.resolve("model");
    ModelArchive.unpack(output.resolve("model.tar.gz"), model);
    assertThat(model.resolve("mnist.onnx")).exists();
    assertThat(output.resolve("output.tar.gz")).exists();
  }

  @Test
  void local_jobThatFails_endsWithTheReasonAndStatus1() throws Exception {
    Cli cli =
        Cli.fork(
            "sagemaker",
            "local",
            "--data-dir",
            data,
            "--output-dir",
            folder.resolve("out"),
            "-H",
            "epochs=ten");
    assertThat(cli.status()).isEqualTo(1);
    assertThat(cli.err().lines()).hasSize(1);
    assertThat(cli.err())
        .contains("the training job failed on algo-1 with exit status 2: ClientError:")
        .contains("hyperparameter epochs");
  }

  @Test
  void local_toldToStop_endsItsProgramAndLeavesNothing() throws Exception {
    Path said = folder.resolve("said");
    Path program =
        Files.writeString(
            folder.resolve("program.sh"),
            "echo $$ $SAGEMAKER_BASE_DIR >'%s.new'; mv '%s.new' '%s'; exec sleep 300"
                .formatted(said, said, said));
    Process local =
        start(
            folder,
            "local",
            Map.of(),
            "--data-dir",
            data.toString(),
            "--output-dir",
            folder.resolve("out").toString(),
            "--program",
            "sh",
            program.toString());
    while (!Files.exists(said)) {
      assertThat(local.isAlive()).as(log("local")).isTrue();
      Thread.sleep(20);
    }
    local.destroy();
    assertThat(local.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(local.exitValue()).as(log("local")).isEqualTo(130);
    String[] words = Files.readString(said).strip().split(" ", 2);
    assertThat(ProcessHandle.of(Long.parseLong(words[0])).filter(ProcessHandle::isAlive)).isEmpty();
    assertThat(Path.of(words[1])).doesNotExist();
  }

  @Test
  void train_interruptedAndResumed_endsWithTheSameWeights() throws Exception {
    SmallMnist.write(data, TRAIN.first(1200), TEST);
    String hyperparameters = "{\"epochs\": \"3\", \"threads\": \"1\", \"batch-size\": \"50\"}";
    Path whole = job("whole", hyperparameters);
    assertThat(start(whole, "train", Map.of()).waitFor()).as(log("train")).isZero();
    Files.delete(folder.resolve("train.log"));

    Path spot = job("spot", hyperparameters);
    Process first = start(spot, "train", Map.of());
    await("train", "epoch=1;", first);
    long start = System.nanoTime();
    first.destroy(); // SIGTERM
    assertThat(first.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(first.exitValue()).as(log("train")).isZero();
    assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(120));
    assertThat(log("train")).contains("Told to stop").contains("Stopped as asked to, after");
    assertThat(spot.resolve("model/mnist.onnx")).as("what has been learned").exists();
    assertThat(spot.resolve("checkpoints/checkpoint.zip")).exists();
    assertThat(spot.resolve("output/failure")).doesNotExist();

    // A new container gets the checkpoints alone.
    Path again = job("again", hyperparameters);
    Files.createDirectories(again.resolve("checkpoints"));
    Files.copy(
        spot.resolve("checkpoints/checkpoint.zip"), again.resolve("checkpoints/checkpoint.zip"));
    assertThat(start(again, "train", Map.of()).waitFor()).as(log("train")).isZero();
    assertThat(log("train")).contains("Resumed after epoch");
    assertThat(again.resolve("checkpoints/checkpoint.zip"))
        .hasSameBinaryContentAs(whole.resolve("checkpoints/checkpoint.zip"));
    assertThat(again.resolve("model/mnist.onnx"))
        .hasSameBinaryContentAs(whole.resolve("model/mnist.onnx"));
  }

  @Test
  void serve_multiModelEndpoint_loadsAndUnloadsFromItsFolder() throws Exception {
    Path base = folder.resolve("ml");
    Path model = Files.createDirectories(base.resolve("models/abc/model"));
    TestModel.mnist().write(model.resolve("mnist.onnx"));
    int port = freePort();
    Process server =
        start(
            base,
            "serve",
            Map.of(
                "SAGEMAKER_BIND_TO_PORT", "" + port,
                "SAGEMAKER_MULTI_MODEL", "True",
                "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv"));
    try {
      await("serve", "Serving", server);
      assertThat(send(port, "GET", "/ping", "")).isEqualTo(200);
      String load = "{\"model_name\": \"m1\", \"url\": \"%s\"}".formatted(model);
      assertThat(send(port, "POST", "/models", load)).isEqualTo(200);
      assertThat(send(port, "POST", "/models", load)).isEqualTo(409);
      HttpResponse<String> answer =
          request(port, "POST", "/models/m1/invoke", new byte[784], "application/octet-stream");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/csv");
      assertThat(send(port, "DELETE", "/models/m1", "")).isEqualTo(200);
      assertThat(send(port, "GET", "/models/m1", "")).isEqualTo(404);
    } finally {
      server.destroy();
    }
    assertThat(server.waitFor(25, TimeUnit.SECONDS)).isTrue();
    assertThat(server.exitValue()).isZero();
  }

  @Test
  void serve_noModel_endsWithASentence() throws Exception {
    Process server = start(Files.createDirectories(folder.resolve("ml")), "serve", Map.of());
    assertThat(server.waitFor()).isEqualTo(1);
    assertThat(log("serve")).contains("cannot read the model's folder").doesNotContain("\tat ");
  }

  @Test
  void serve_defaultAcceptThatNothingAnswers_isNamed() throws Exception {
    Path model = Files.createDirectories(folder.resolve("ml/model"));
    TestModel.mnist().write(model.resolve("mnist.onnx"));
    Map<String, String> variables =
        Map.of(
            "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
            "image/gif",
            "SAGEMAKER_BIND_TO_PORT",
            "" + freePort());
    Process server = start(folder.resolve("ml"), "serve", variables);
    assertThat(server.waitFor()).isEqualTo(1);
    assertThat(log("serve"))
        .contains("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT is 'image/gif'")
        .doesNotContain("\tat ");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static int send(int port, String method, String path, String body) throws Exception {
    return request(port, method, path, body.getBytes(StandardCharsets.UTF_8), "application/json")
        .statusCode();
  }

  private static HttpResponse<String> request(
      int port, String method, String path, byte[] body, String type) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .method(method, HttpRequest.BodyPublishers.ofByteArray(body))
            .header("Content-Type", type)
            .build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }
}
