// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.CoracleException;
import dev.coracle.aws.FakeAccount.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.sagemaker.model.ProductionVariant;
import software.amazon.awssdk.services.sagemaker.model.Tag;

class DeletionTest {

  private static final Duration POLL = Duration.ofMillis(1);

  private final Path file;
  private final TestCloud cloud = new TestCloud();
  private final Aws aws = Aws.open(null, null);
  private final Recorder heard = new Recorder();

  DeletionTest(@TempDir Path folder) throws IOException {
    file = Files.writeString(folder.resolve("x.tar.gz"), "an archive");
  }

  @AfterEach
  void close() {
    aws.close();
    cloud.close();
  }

  private void launch() {
    new TrainingJob(
            LaunchOptions.builder()
                .name("digits")
                .bucket(TestCloud.BUCKET)
                .image(TestCloud.IMAGE)
                .role(TestCloud.ROLE)
                .training(List.of(file))
                .build())
        .start(aws, new Recorder());
  }

  private void deploy() {
    new Endpoint(
            DeployOptions.builder()
                .name("digits")
                .image(TestCloud.IMAGE)
                .role(TestCloud.ROLE)
                .model(file.toString())
                .bucket(TestCloud.BUCKET)
                .poll(POLL)
                .build())
        .deploy(aws, new Recorder());
  }

  private boolean delete(@Nullable String bucket) {
    return new Deletion("digits", bucket, POLL).run(aws, heard);
  }

  @Test
  void run_afterLaunchAndDeploy_leavesNothing_andNeedsNoBucket() {
    cloud.account().steps(List.of(Step.of("Completed", "Completed")));
    launch();
    deploy();
    cloud.s3().objects().put("coracle/digits-2/data", new byte[1]);
    cloud.s3().objects().put("other", new byte[1]);

    assertThat(delete(null)).isTrue();

    assertThat(cloud.account().there()).isEmpty();
    assertThat(cloud.s3().keys()).containsExactly("coracle/digits-2/data", "other");
    assertThat(heard.lines)
        .containsExactly(
            "Deleted endpoint digits",
            "Deleted endpoint configuration digits",
            "Deleted 3 objects below s3://my-bucket/coracle/digits/",
            "Deleted model digits",
            "Deleted training job digits");
  }

  @Test
  void run_twice_saysThatThereIsNothing() {
    launch();
    deploy();
    assertThat(delete(TestCloud.BUCKET)).isTrue();
    heard.lines.clear();
    assertThat(delete(TestCloud.BUCKET)).isTrue();
    assertThat(heard.lines).containsExactly("There is nothing left of digits in us-east-1");
  }

  @Test
  void run_nothingAndNoBucket_saysThatItDidNotLookThere() {
    assertThat(delete(null)).isTrue();
    assertThat(heard.lines)
        .containsExactly(
            "There is nothing left of digits in us-east-1",
            "No bucket is known; if one has objects of this name, say which: --bucket");
  }

  @Test
  void run_runningJob_isStoppedBeforeItsObjectsGo() {
    launch();
    cloud
        .account()
        .modelWriter(
            uri -> cloud.s3().objects().put(uri.replace("s3://my-bucket/", ""), new byte[1]));
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(cloud.s3().keys()).isEmpty();
    assertThat(heard.statuses).contains("training job Stopping", "training job Stopped");
    assertThat(heard.lines)
        .containsExactly(
            "Stopped training job digits",
            "Deleted 3 objects below s3://my-bucket/coracle/digits/",
            "Deleted training job digits");
  }

  @Test
  void run_jobEndsBeforeItIsStopped_isDeletedAllTheSame() {
    cloud
        .account()
        .steps(List.of(Step.of("InProgress", "Training"), Step.of("Completed", "Completed")));
    launch();
    cloud
        .sageMaker()
        .fail(
            "StopTrainingJob",
            1,
            400,
            "ValidationException",
            "The request was rejected because the training job is in status Completed.");
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(heard.lines).endsWith("Deleted training job digits").hasSize(2);
  }

  @Test
  void run_answerToStopGetsLost_isNoError() {
    launch();
    cloud.sageMaker().loseAnswer("StopTrainingJob");
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(heard.lines).contains("Stopped training job digits");
  }

  @Test
  void run_endpointCannotBeDeleted_theJobHasBeenToldToStop() {
    launch();
    deploy();
    cloud.sageMaker().fail("DeleteEndpoint", 1, 400, "AccessDeniedException", "It is not for you.");
    assertThatThrownBy(() -> delete(null)).hasMessageContaining("It is not for you");
    assertThat(cloud.sageMaker().calls()).contains("StopTrainingJob");
    assertThat(cloud.s3().keys()).isNotEmpty();
  }

  @Test
  void run_jobCannotBeStopped_saysWhy_andTheEndpointCostsNoMore() {
    launch();
    deploy();
    cloud
        .sageMaker()
        .fail("StopTrainingJob", 1, 400, "AccessDeniedException", "It is not for you.");
    assertThatThrownBy(() -> delete(null))
        .isInstanceOf(CoracleException.class)
        .hasMessageStartingWith("cannot stop training job digits: It is not for you");
    assertThat(cloud.account().there()).containsExactly("job digits", "model digits");
    assertThat(cloud.s3().keys()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Completed", "Failed", "Stopped"})
  void run_jobIsOver_isDeletedWithoutBeingStopped(String status) {
    cloud.account().steps(List.of(Step.of(status, status)));
    launch();
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(cloud.sageMaker().calls())
        .contains("DeleteTrainingJob")
        .doesNotContain("StopTrainingJob");
    assertThat(heard.lines).endsWith("Deleted training job digits").hasSize(2);
  }

  @Test
  void run_jobIsDeleted_freesItsName() {
    launch();
    assertThat(delete(null)).isTrue();
    launch();
    assertThat(cloud.account().there()).containsExactly("job digits");
  }

  @Test
  void run_jobIsBeingDeleted_waitsUntilItIsGone() {
    cloud.account().steps(List.of(Step.of("Completed", "Completed")));
    launch();
    aws.sageMaker().deleteTrainingJob(request -> request.trainingJobName("digits"));
    cloud.sageMaker().calls().clear();
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(cloud.sageMaker().calls()).doesNotContain("DeleteTrainingJob");
  }

  @ParameterizedTest
  @ValueSource(strings = {"AccessDeniedException", "UnknownOperationException"})
  void run_recordCannotBeDeleted_saysWhyAndDeletesTheRest(String code) {
    launch();
    deploy();
    cloud.sageMaker().fail("DeleteTrainingJob", 2, 400, code, "It is not for you.");
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).containsExactly("job digits");
    assertThat(cloud.account().jobStatus("digits")).isEqualTo("Stopped");
    assertThat(cloud.s3().keys()).isEmpty();
    String stays = "The record of training job digits stays: It is not for you (" + code + ")";
    assertThat(heard.lines).contains("Stopped training job digits", "Deleted model digits");
    assertThat(heard.lines.get(heard.lines.size() - 1)).startsWith(stays);

    heard.lines.clear();
    assertThat(delete(null)).isTrue();
    assertThat(heard.lines).singleElement().asString().startsWith(stays);
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
  }

  @Test
  void run_recordIsInUse_failsWithTheRestDeleted() {
    launch();
    deploy();
    cloud.sageMaker().fail("DeleteTrainingJob", 1, 400, "ResourceInUse", "It is in use.");
    assertThatThrownBy(() -> delete(null))
        .isInstanceOf(CoracleException.class)
        .hasMessage("cannot delete training job digits: It is in use (ResourceInUse)");
    assertThat(cloud.account().there()).containsExactly("job digits");
    assertThat(cloud.s3().keys()).isEmpty();
  }

  @Test
  void run_foreignJob_isNeitherStoppedNorDeleted() {
    aws.sageMaker()
        .createTrainingJob(
            request ->
                request
                    .trainingJobName("digits")
                    .roleArn(TestCloud.ROLE)
                    .algorithmSpecification(
                        algorithm ->
                            algorithm.trainingImage(TestCloud.IMAGE).trainingInputMode("File"))
                    .outputDataConfig(output -> output.s3OutputPath("s3://theirs/"))
                    .resourceConfig(
                        machines ->
                            machines.instanceType("ml.m5.large").instanceCount(1).volumeSizeInGB(1))
                    .stoppingCondition(stopping -> stopping.maxRuntimeInSeconds(60)));
    assertThat(delete(TestCloud.BUCKET)).isFalse();
    assertThat(cloud.account().jobStatus("digits")).isEqualTo("InProgress");
    assertThat(heard.lines)
        .containsExactly("Left alone: training job digits, which has no tag coracle:name=digits");
  }

  @Test
  void run_foreignResources_areLeftAloneAndNamed() {
    aws.sageMaker()
        .createModel(
            request -> request.modelName("digits").primaryContainer(c -> c.image("a.b/c:1")));
    aws.sageMaker()
        .createEndpointConfig(
            request ->
                request
                    .endpointConfigName("digits")
                    .productionVariants(
                        ProductionVariant.builder()
                            .variantName("a")
                            .modelName("digits")
                            .instanceType("ml.m5.large")
                            .initialInstanceCount(1)
                            .build())
                    .tags(Tag.builder().key(Ownership.NAME).value("other").build()));
    assertThat(delete(TestCloud.BUCKET)).isFalse();
    assertThat(cloud.account().there()).containsExactly("config digits", "model digits");
    assertThat(heard.lines)
        .containsExactly(
            "Left alone: endpoint configuration digits, which has no tag coracle:name=digits",
            "Left alone: model digits, which has no tag coracle:name=digits");
  }

  @Test
  void run_placeWithoutOurMarker_isLeftAlone() {
    cloud.s3().objects().put("coracle/digits/data", new byte[1]);
    assertThat(delete(TestCloud.BUCKET)).isFalse();
    cloud.s3().objects().put("coracle/digits/.coracle", new byte[] {'x'});
    assertThat(delete(TestCloud.BUCKET)).isFalse();
    assertThat(cloud.s3().keys()).hasSize(2);
    assertThat(heard.lines)
        .allMatch(
            line ->
                line.equals(
                    "Left alone: s3://my-bucket/coracle/digits/, which has no marker of coracle"));
  }

  @Test
  void run_endpointIsBeingCreated_waitsUntilItCanBeDeleted() {
    cloud.account().endpointStates("Creating", "Creating", "Creating", "Creating", "Failed");
    assertThatThrownBy(this::deploy).isInstanceOf(CoracleException.class);
    cloud.account().endpointStates("Creating", "Creating", "Creating", "InService");
    assertThat(delete(null)).isTrue();
    deployWithoutWaiting();
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(heard.statuses).contains("endpoint Creating", "endpoint Deleting");
  }

  private void deployWithoutWaiting() {
    cloud.sageMaker().fail("DescribeEndpoint", 1, 400, "AccessDeniedException", "no");
    assertThatThrownBy(this::deploy).hasMessageContaining("cannot wait for endpoint");
  }

  @Test
  void run_failsHalfWay_canBeRepeated() {
    deploy();
    cloud.s3().keep("coracle/digits/model/model.tar.gz");
    assertThatThrownBy(() -> delete(null))
        .isInstanceOf(CoracleException.class)
        .hasMessageContaining("coracle/digits/model/model.tar.gz")
        .hasMessageContaining("AccessDenied");
    // The model, whose tag tells the bucket, and the marker are still there.
    assertThat(cloud.account().there()).containsExactly("model digits");
    assertThat(cloud.s3().keys()).contains("coracle/digits/.coracle");
  }

  @Test
  void run_objectsOfAJobStay_keepsItsTagThatTellsTheBucket() {
    launch();
    cloud.s3().keep("coracle/digits/data/training/x.tar.gz");
    assertThatThrownBy(() -> delete(null)).hasMessageContaining("AccessDenied");
    assertThat(cloud.account().there()).containsExactly("job digits");
  }

  @Test
  void run_answersGetLost_isNoError() {
    cloud.account().steps(List.of(Step.of("Completed", "Completed")));
    launch();
    deploy();
    for (String call : List.of("DeleteEndpointConfig", "DeleteModel", "DeleteTrainingJob")) {
      cloud.sageMaker().loseAnswer(call);
    }
    assertThat(delete(null)).isTrue();
    assertThat(cloud.account().there()).isEmpty();
  }

  @Test
  void run_bucketIsGone_isNoError() {
    assertThat(delete("no-such-bucket")).isTrue();
    assertThat(heard.lines)
        .contains("There is no bucket any more for s3://no-such-bucket/coracle/digits/");
  }

  @Test
  void plan_callsNothing() {
    String plan = new Deletion("digits", TestCloud.BUCKET, POLL).plan();
    assertThat(plan)
        .contains("sagemaker.DeleteEndpoint", "s3.ListObjectsV2", "coracle:name=digits")
        .contains("sagemaker.DeleteTrainingJob")
        .contains("\"EndpointName\" : \"digits\"");
    assertThat(cloud.sageMaker().calls()).isEmpty();
    assertThat(cloud.s3().requests()).isEmpty();
  }
}
