// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.CoracleException;
import dev.coracle.aws.FakeAccount.Step;
import dev.coracle.sagemaker.ModelArchive;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingJobTest {

  private final Path folder;
  private final TestCloud cloud = new TestCloud();
  private final Aws aws = Aws.open(null, null);
  private final Recorder heard = new Recorder();

  TrainingJobTest(@TempDir Path folder) throws IOException {
    this.folder = folder;
    Files.writeString(folder.resolve("train-images"), "images");
    Files.writeString(folder.resolve("t10k-images"), "other images");
  }

  @AfterEach
  void close() {
    aws.close();
    cloud.close();
  }

  private LaunchOptions.Builder options(String name) {
    return LaunchOptions.builder()
        .name(name)
        .bucket(TestCloud.BUCKET)
        .image(TestCloud.IMAGE)
        .role(TestCloud.ROLE)
        .training(List.of(folder.resolve("train-images")))
        .testing(List.of(folder.resolve("t10k-images")))
        .poll(Duration.ofMillis(1));
  }

  private TrainingJob started(LaunchOptions.Builder options) {
    TrainingJob job = new TrainingJob(options.build());
    job.start(aws, heard);
    return job;
  }

  @Test
  void start_uploadsDataBelowTheNameAndCreatesTheJob() {
    started(options("job").hyperparameters(Map.of("epochs", "3")));

    assertThat(cloud.s3().keys())
        .containsExactly(
            "coracle/job/.coracle",
            "coracle/job/data/testing/t10k-images",
            "coracle/job/data/training/train-images");
    assertThat(cloud.s3().objects().get("coracle/job/data/training/train-images"))
        .asString(StandardCharsets.UTF_8)
        .isEqualTo("images");
    JsonNode request = cloud.account().job("job");
    assertThat(request.at("/AlgorithmSpecification/TrainingImage").asText())
        .isEqualTo(TestCloud.IMAGE);
    assertThat(request.at("/AlgorithmSpecification/MetricDefinitions")).hasSize(4);
    assertThat(request.at("/HyperParameters/epochs").asText()).isEqualTo("3");
    assertThat(request.at("/InputDataConfig/0/ChannelName").asText()).isEqualTo("training");
    assertThat(request.at("/InputDataConfig/0/DataSource/S3DataSource/S3Uri").asText())
        .isEqualTo("s3://my-bucket/coracle/job/data/training/");
    assertThat(request.at("/InputDataConfig/1/ChannelName").asText()).isEqualTo("testing");
    assertThat(request.at("/OutputDataConfig/S3OutputPath").asText())
        .isEqualTo("s3://my-bucket/coracle/job/output/");
    assertThat(request.at("/ResourceConfig/InstanceCount").asInt()).isEqualTo(1);
    assertThat(request.has("CheckpointConfig")).isFalse();
    assertThat(request.has("EnableManagedSpotTraining")).isFalse();
  }

  @Test
  void start_putsTheMarkerBeforeAnythingElse() {
    started(options("job"));
    assertThat(cloud.s3().requests().get(0)).isEqualTo("PUT /my-bucket/coracle/job/.coracle");
  }

  @Test
  void start_spot_keepsCheckpointsAndWaits() {
    started(options("job").spot(true).maxRun(600).maxWait(1200).inputMode("FastFile"));
    JsonNode request = cloud.account().job("job");
    assertThat(request.at("/EnableManagedSpotTraining").asBoolean()).isTrue();
    assertThat(request.at("/StoppingCondition/MaxRuntimeInSeconds").asInt()).isEqualTo(600);
    assertThat(request.at("/StoppingCondition/MaxWaitTimeInSeconds").asInt()).isEqualTo(1200);
    assertThat(request.at("/CheckpointConfig/S3Uri").asText())
        .isEqualTo("s3://my-bucket/coracle/job/checkpoints/");
    assertThat(request.at("/CheckpointConfig/LocalPath").asText()).isEqualTo("/opt/ml/checkpoints");
    assertThat(request.at("/AlgorithmSpecification/TrainingInputMode").asText())
        .isEqualTo("FastFile");
  }

  @Test
  void plan_isWhatStartSends_andCallsNothing() throws IOException {
    TrainingJob job = new TrainingJob(options("job").spot(true).build());
    JsonNode plan = new ObjectMapper().readTree(job.plan());
    assertThat(cloud.s3().requests()).isEmpty();
    assertThat(cloud.sageMaker().calls()).isEmpty();

    job.start(aws, heard);

    JsonNode last = plan.get(plan.size() - 1);
    assertThat(last.path("operation").asText()).isEqualTo("sagemaker.CreateTrainingJob");
    assertThat(last.path("request")).isEqualTo(cloud.account().job("job"));
    assertThat(cloud.s3().requests()).hasSize(plan.size() - 1);
  }

  @Test
  void start_nameIsTakenInTheBucket_uploadsNothing() {
    started(options("job"));
    List<String> before = cloud.s3().keys();
    assertThatThrownBy(() -> started(options("job")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("s3://my-bucket/coracle/job/ is in use already");
    assertThat(cloud.s3().keys()).isEqualTo(before);
    assertThat(cloud.sageMaker().calls()).containsOnlyOnce("CreateTrainingJob");
  }

  @Test
  void start_placeHasForeignObjects_leavesThemAndTakesTheMarkerAway() {
    cloud.s3().objects().put("coracle/job/precious", new byte[] {1});
    assertThatThrownBy(() -> started(options("job"))).hasMessageContaining("coracle/job/precious");
    assertThat(cloud.s3().keys()).containsExactly("coracle/job/precious");
  }

  @Test
  void start_jobOfThatNameExists_saysToChooseAnother() {
    started(options("job"));
    cloud.s3().objects().clear();
    assertThatThrownBy(() -> started(options("job")))
        .hasMessageContaining("cannot create training job job")
        .hasMessageContaining("ResourceInUse")
        .hasMessageContaining("choose another --name");
  }

  @Test
  void start_answersGetLost_isNoError() {
    cloud.s3().loseAnswer("coracle/job/.coracle");
    cloud.s3().loseAnswer("coracle/job/data/training/train-images");
    cloud.sageMaker().loseAnswer("CreateTrainingJob");
    started(options("job"));
    assertThat(cloud.sageMaker().calls()).contains("CreateTrainingJob", "ListTags");
    assertThat(heard.lines).contains("Created training job job");
  }

  @Test
  void start_bucketIsMissing_saysSo() {
    assertThatThrownBy(() -> started(options("job").bucket("other-bucket")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("other-bucket")
        .hasMessageContaining("create the bucket");
    assertThat(cloud.sageMaker().calls()).isEmpty();
  }

  @Test
  void follow_success_printsLogOnceAndFetchUnpacksTheModel() throws IOException {
    Path content = Files.createDirectory(folder.resolve("content"));
    Files.writeString(content.resolve("mnist.onnx"), "weights");
    Path archive = folder.resolve("archive.tar.gz");
    ModelArchive.pack(content, archive);
    cloud
        .account()
        .modelWriter(
            uri -> cloud.s3().objects().put(uri.replace("s3://my-bucket/", ""), bytes(archive)));

    TrainingJob job = started(options("job"));
    String model = job.follow(aws, heard);
    TrainingJob.fetch(aws, model, folder.resolve("out"));

    assertThat(model).isEqualTo("s3://my-bucket/coracle/job/output/job/output/model.tar.gz");
    assertThat(folder.resolve("out/mnist.onnx")).hasContent("weights");
    assertThat(heard.lines)
        .containsSubsequence("one", "two", "epoch=1; train_loss=0.500000;", "four")
        .doesNotHaveDuplicates();
    assertThat(heard.statuses)
        .contains(
            "InProgress / Starting: Starting it is",
            "InProgress / Training: Training it is",
            "Completed / Completed: Completed it is");
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void follow_logOfSeveralHosts_saysWhich_andSkipsJobsOfLongerNames() {
    cloud.account().logs().add("job-2/algo-1-1700000000", "foreign");
    cloud.account().logs().add("job/algo-2-1700000000", "second host");
    started(options("job").instanceCount(2)).follow(aws, heard);
    assertThat(heard.lines).contains("[algo-2] second host", "[algo-1] four");
    assertThat(heard.lines).noneMatch(line -> line.contains("foreign"));
  }

  @Test
  void follow_logHasControlCharacters_printsNone() {
    cloud
        .account()
        .steps(
            List.of(
                Step.of("InProgress", "Training", "red \u001b[31m text"),
                Step.of("Completed", "Completed")));
    started(options("job")).follow(aws, heard);
    assertThat(heard.lines).contains("red ?[31m text");
  }

  @Test
  void follow_spotIsInterrupted_goesOn() {
    cloud.account().steps(FakeAccount.INTERRUPTED);
    started(options("job").spot(true)).follow(aws, heard);
    assertThat(heard.statuses).contains("InProgress / Interrupted: Interrupted it is");
    assertThat(heard.lines).containsSubsequence("one", "two");
  }

  @Test
  void follow_failed_givesTheReasonOnOneLine() {
    cloud.account().steps(List.of(Step.of("Failed", "Failed", "last line")));
    cloud.account().failureReason("AlgorithmError: no data\n  at Main\u0007");
    TrainingJob job = started(options("job"));
    assertThatThrownBy(() -> job.follow(aws, heard))
        .isInstanceOf(CoracleException.class)
        .hasMessage("training job job failed: AlgorithmError: no data at Main?");
    assertThat(heard.lines).contains("last line");
  }

  @Test
  void follow_stopped_saysWhyAndWhereItsOutputIs() {
    cloud.account().steps(List.of(Step.of("Stopped", "MaxRuntimeExceeded")));
    TrainingJob job = started(options("job"));
    assertThatThrownBy(() -> job.follow(aws, heard))
        .hasMessageContaining("MaxRuntimeExceeded")
        .hasMessageContaining("s3://my-bucket/coracle/job/output/");
  }

  @Test
  void follow_throttledAndBroken_isWaitedOut() {
    TrainingJob job = started(options("job"));
    // Three attempts of the SDK, and one more.
    cloud.sageMaker().fail("DescribeTrainingJob", 4, 500, "InternalFailure", "try later");
    cloud.sageMaker().fail("GetLogEvents", 1, 400, "ThrottlingException", "Rate exceeded");
    job.follow(aws, heard);
    assertThat(heard.statuses).anyMatch(status -> status.contains("asking again"));
    assertThat(heard.lines).containsSubsequence("one", "two").doesNotHaveDuplicates();
  }

  @Test
  void follow_logMayNotBeRead_followsWithout() {
    TrainingJob job = started(options("job"));
    cloud
        .sageMaker()
        .fail("DescribeLogStreams", 9, 400, "AccessDeniedException", "User is not authorized");
    job.follow(aws, heard);
    assertThat(heard.lines).filteredOn(line -> line.contains("log cannot be shown")).hasSize(1);
  }

  /** As in a subnet from which CloudWatch cannot be reached. */
  @Test
  void follow_logNeverAnswers_followsWithout() {
    TrainingJob job = started(options("job"));
    cloud.sageMaker().fail("DescribeLogStreams", 1_000, 500, "InternalFailure", "try later");
    assertThat(job.follow(aws, heard)).endsWith("model.tar.gz");
    assertThat(job.isOver()).isTrue();
    assertThat(heard.statuses).anyMatch(status -> status.contains("log cannot be read now"));
    assertThat(heard.lines).filteredOn(line -> line.contains("end of the job's log")).hasSize(1);
  }

  @Test
  void start_placeCannotBeListed_leavesNoMarker() {
    cloud.s3().fail("GET", 403, "AccessDenied");
    assertThatThrownBy(() -> started(options("job"))).isInstanceOf(CoracleException.class);
    assertThat(cloud.s3().objects()).isEmpty();
  }

  @Test
  void follow_credentialsExpire_saysToLogIn() {
    TrainingJob job = started(options("job"));
    cloud.sageMaker().fail("DescribeTrainingJob", 1, 400, "ExpiredTokenException", "It expired.");
    assertThatThrownBy(() -> job.follow(aws, heard))
        .hasMessageContaining("cannot follow training job job")
        .hasMessageContaining("log in again");
  }

  @Test
  void fetch_modelIsMissing_saysWhichAndLeavesNoFolder() {
    assertThatThrownBy(
            () -> TrainingJob.fetch(aws, "s3://my-bucket/no/model.tar.gz", folder.resolve("out")))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("s3://my-bucket/no/model.tar.gz")
        .hasMessageContaining("NoSuchKey");
    assertThat(folder.resolve("out")).doesNotExist();
  }
}
