// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.aws.FakeAccount;
import dev.coracle.aws.FakeAccount.Step;
import dev.coracle.aws.FakeSageMaker;
import dev.coracle.aws.FakeSageMaker.Reply;
import dev.coracle.aws.S3Mock;
import dev.coracle.aws.TestCloud;
import dev.coracle.dataset.ImageSet;
import dev.coracle.sagemaker.ModelArchive;
import dev.coracle.serving.InferenceServer;
import dev.coracle.serving.ServerOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Runs the commands as processes, with nothing but the SDK's own environment variables, against
 * Adobe S3Mock and a stand-in for SageMaker whose container is our server with the model from S3.
 */
class SageMakerCloudIT {

  private static final String BUCKET = TestCloud.BUCKET;

  @TempDir private static Path folder;
  private static S3Mock s3Mock;
  private static FakeSageMaker sageMaker;
  private static S3Client s3;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    sageMaker = new FakeSageMaker();
    s3Mock = S3Mock.start(folder, BUCKET);
    s3 =
        S3Client.builder()
            .endpointOverride(s3Mock.uri())
            .region(Region.US_EAST_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .httpClient(UrlConnectionHttpClient.create())
            .build();
  }

  @AfterAll
  static void stop() {
    s3.close();
    s3Mock.close();
    sageMaker.close();
    assertThat(sageMaker.violations()).as("wrong by AWS's own model").isEmpty();
  }

  private static Map<String, String> environment() {
    return new TreeMap<>(
        Map.of(
            "AWS_ENDPOINT_URL",
            sageMaker.uri().toString(),
            "AWS_ENDPOINT_URL_S3",
            s3Mock.uri().toString(),
            "AWS_REGION",
            "us-east-1",
            "AWS_ACCESS_KEY_ID",
            "test",
            "AWS_SECRET_ACCESS_KEY",
            "test",
            "SAGEMAKER_ROLE",
            TestCloud.ROLE));
  }

  private static Cli sageMaker(Object... args) throws IOException, InterruptedException {
    List<String> starter = new ArrayList<>(List.of("env"));
    environment().forEach((name, value) -> starter.add(name + "=" + value));
    List<Object> all = new ArrayList<>(List.of("sagemaker"));
    all.addAll(List.of(args));
    return Cli.forkWith(starter.toArray(String[]::new), all.toArray());
  }

  private static List<String> keys() {
    return s3.listObjectsV2Paginator(request -> request.bucket(BUCKET)).contents().stream()
        .map(S3Object::key)
        .toList();
  }

  private static String key(String uri) {
    return uri.replace("s3://" + BUCKET + "/", "");
  }

  /** What SageMaker does when a job is over. */
  private static void upload(Path modelFolder, String uri) {
    Path archive = folder.resolve("job.tar.gz");
    ModelArchive.pack(modelFolder, archive);
    s3.putObject(request -> request.bucket(BUCKET).key(key(uri)), RequestBody.fromFile(archive));
  }

  /** What SageMaker does when an endpoint is created: unpack the model, start the container. */
  private static InferenceServer container(String name) {
    Path archive = folder.resolve(name + ".tar.gz");
    Path unpacked = folder.resolve(name);
    String uri = sageMaker.account().model(name).at("/PrimaryContainer/ModelDataUrl").asText();
    s3.getObject(request -> request.bucket(BUCKET).key(key(uri)), archive);
    ModelArchive.unpack(archive, unpacked);
    return InferenceServer.start(
        ServerOptions.builder().model(unpacked.resolve("mnist.onnx")).port(0).build());
  }

  private static Reply ask(URI server, String contentType, byte[] body) {
    try {
      HttpResponse<byte[]> response =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(server.resolve("/invocations"))
                      .header("Content-Type", contentType)
                      .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                      .build(),
                  HttpResponse.BodyHandlers.ofByteArray());
      String type = response.headers().firstValue("Content-Type").orElse("");
      return new Reply(response.statusCode(), type, response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void launchDeployInvokeDelete_leavesNothingAndTouchesNothingElse() throws Exception {
    ImageSet train = SmallMnist.bars(400, 1);
    Path data = SmallMnist.write(folder.resolve("data"), train, SmallMnist.bars(100, 2));
    Path trained = folder.resolve("trained");
    Cli local = Cli.run("train", "--data-dir", data, "--output-dir", trained, "--epochs", 3);
    assertThat(local.status()).as(local.err()).isZero();
    sageMaker.account().steps(FakeAccount.SUCCESS);
    sageMaker.account().modelWriter(uri -> upload(trained, uri));
    for (String foreign : List.of("coracle/digits-2/data", "coracle/readme", "precious")) {
      s3.putObject(r -> r.bucket(BUCKET).key(foreign), RequestBody.fromString("theirs"));
    }
    List<String> before = keys();

    Path out = folder.resolve("out");
    Cli launched =
        sageMaker(
            "launch",
            "--data-dir",
            data,
            "--output-dir",
            out,
            "--name",
            "digits",
            "--bucket",
            BUCKET,
            "--image",
            TestCloud.IMAGE,
            "--poll",
            1,
            "--spot",
            "-H",
            "epochs=3");
    assertThat(launched.err()).isEmpty();
    assertThat(launched.status()).isZero();
    assertThat(launched.out()).contains("epoch=1; train_loss=0.500000;");
    assertThat(out.resolve("mnist.onnx")).hasSameBinaryContentAs(trained.resolve("mnist.onnx"));
    String images = "coracle/digits/data/training/train-images-idx3-ubyte";
    assertThat(s3.getObjectAsBytes(r -> r.bucket(BUCKET).key(images)).asByteArray())
        .isEqualTo(Files.readAllBytes(data.resolve("train-images-idx3-ubyte")));

    Cli again =
        sageMaker(
            "launch",
            "--data-dir",
            data,
            "--output-dir",
            folder.resolve("other"),
            "--name",
            "digits",
            "--bucket",
            BUCKET,
            "--image",
            TestCloud.IMAGE);
    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).contains("s3://my-bucket/coracle/digits/ is in use already");

    Cli deployed =
        sageMaker(
            "deploy",
            "--model",
            out.resolve("mnist.onnx"),
            "--name",
            "digits",
            "--bucket",
            BUCKET,
            "--image",
            TestCloud.IMAGE,
            "--serverless",
            "--poll",
            1);
    assertThat(deployed.err()).isEmpty();
    assertThat(deployed.out()).contains("Endpoint digits is in service");

    try (InferenceServer server = container("digits")) {
      sageMaker.container((endpoint, type, body) -> ask(server.uri(), type, body));
      Path picture = Files.write(folder.resolve("bar.png"), Pictures.png(train.image(0)));
      Path broken = Files.writeString(folder.resolve("broken.json"), "[[");
      Cli invoked = sageMaker("invoke", "--name", "digits", picture);
      assertThat(invoked.err()).isEmpty();
      assertThat(invoked.out()).startsWith(picture + ": ").contains("predictions");
      Cli refused = sageMaker("invoke", "--name", "digits", broken);
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err()).contains("the container answers 400").contains("broken.json");
    }

    Cli deleted = sageMaker("delete", "--name", "digits", "--poll", 1);
    assertThat(deleted.err()).isEmpty();
    assertThat(deleted.status()).isZero();
    assertThat(deleted.out()).contains("Deleted training job digits");
    assertThat(sageMaker.account().there()).noneMatch(it -> it.endsWith(" digits"));
    assertThat(keys()).isEqualTo(before);
    Cli twice = sageMaker("delete", "--name", "digits", "--bucket", BUCKET);
    assertThat(twice.status()).isZero();
    assertThat(twice.out()).contains("There is nothing left of digits");
  }

  @Test
  void launch_isEndedWhileItFollows_saysThatTheJobGoesOn() throws Exception {
    sageMaker
        .account()
        .steps(List.of(new Step("InProgress", "Training", "and on and on", List.of())));
    Path data =
        SmallMnist.write(folder.resolve("d2"), SmallMnist.bars(20, 1), SmallMnist.bars(10, 2));
    Path err = folder.resolve("launch.err");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    command.addAll(List.of("-cp", classPath, Main.class.getName(), "sagemaker", "launch"));
    command.addAll(List.of("--data-dir", data.toString(), "--name", "endless", "--poll", "1"));
    command.addAll(List.of("--bucket", BUCKET, "--image", TestCloud.IMAGE));
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.environment().putAll(environment());
    Process process = builder.start();
    try (BufferedReader out = process.inputReader()) {
      String line = out.readLine();
      while (line != null && !line.contains("and on and on")) {
        line = out.readLine();
      }
      assertThat(line).isEqualTo("InProgress / Training: and on and on");
      process.destroy();
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).isEqualTo(143);
    assertThat(Files.readString(err).strip())
        .startsWith("created so far: objects below s3://my-bucket/coracle/endless/, training job")
        .contains("the job goes on until it is over")
        .endsWith("coracle sagemaker delete --name endless --bucket my-bucket --region us-east-1");
    assertThat(sageMaker.calls()).doesNotContain("StopTrainingJob");
  }
}
