// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.CoracleException;
import dev.coracle.sagemaker.ModelArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndpointTest {

  private static final String KEY = "coracle/digits/model/model.tar.gz";

  private final Path folder;
  private final TestCloud cloud = new TestCloud();
  private final Aws aws = Aws.open(null, null);
  private final Recorder heard = new Recorder();

  EndpointTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void close() {
    aws.close();
    cloud.close();
  }

  private static DeployOptions.Builder options() {
    return DeployOptions.builder()
        .name("digits")
        .image(TestCloud.IMAGE)
        .role(TestCloud.ROLE)
        .model("s3://elsewhere/model.tar.gz")
        .poll(Duration.ofMillis(1));
  }

  @Test
  void deploy_modelInS3_createsThreeResourcesAndWaits() {
    Endpoint endpoint =
        new Endpoint(options().instanceType("ml.c5.large").instanceCount(2).build());
    endpoint.deploy(aws, heard);

    assertThat(cloud.account().there())
        .containsExactly("endpoint digits", "config digits", "model digits");
    JsonNode model = cloud.account().model("digits");
    assertThat(model.at("/PrimaryContainer/ModelDataUrl").asText())
        .isEqualTo("s3://elsewhere/model.tar.gz");
    assertThat(model.at("/ExecutionRoleArn").asText()).isEqualTo(TestCloud.ROLE);
    JsonNode variant = cloud.account().config("digits").at("/ProductionVariants/0");
    assertThat(variant.path("InstanceType").asText()).isEqualTo("ml.c5.large");
    assertThat(variant.path("InitialInstanceCount").asInt()).isEqualTo(2);
    assertThat(heard.statuses).contains("endpoint Creating", "endpoint InService");
    assertThat(cloud.s3().requests()).isEmpty();
    assertThat(endpoint.created())
        .containsExactly("model digits", "endpoint configuration digits", "endpoint digits");
  }

  @Test
  void deploy_serverless_asksForMemoryAndConcurrency() {
    new Endpoint(options().serverless(true).memoryMb(3072).maxConcurrency(7).build())
        .deploy(aws, heard);
    JsonNode variant = cloud.account().config("digits").at("/ProductionVariants/0");
    assertThat(variant.at("/ServerlessConfig/MemorySizeInMB").asInt()).isEqualTo(3072);
    assertThat(variant.at("/ServerlessConfig/MaxConcurrency").asInt()).isEqualTo(7);
    assertThat(variant.has("InstanceType")).isFalse();
  }

  @Test
  void deploy_onnxFile_isPackedAndUploaded() throws IOException {
    Path model = Files.writeString(folder.resolve("mnist.onnx"), "weights");
    new Endpoint(options().model(model.toString()).bucket(TestCloud.BUCKET).build())
        .deploy(aws, heard);
    Path archive = Files.write(folder.resolve("back.tar.gz"), cloud.s3().objects().get(KEY));
    ModelArchive.unpack(archive, folder.resolve("back"));
    assertThat(folder.resolve("back/mnist.onnx")).hasContent("weights");
    assertThat(cloud.account().model("digits").at("/PrimaryContainer/ModelDataUrl").asText())
        .isEqualTo("s3://my-bucket/" + KEY);
  }

  @Test
  void deploy_archiveWithThePlaceOfALaunch_isUploadedAsItIs() throws IOException {
    new Place(TestCloud.BUCKET, "digits").claim(aws.s3(), "an earlier run");
    cloud.s3().objects().put("coracle/digits/output/model.tar.gz", new byte[] {1});
    Path archive = Files.writeString(folder.resolve("x.tar.gz"), "an archive");
    new Endpoint(options().model(archive.toString()).bucket(TestCloud.BUCKET).build())
        .deploy(aws, heard);
    assertThat(cloud.s3().objects().get(KEY)).asString().isEqualTo("an archive");
  }

  @Test
  void deploy_nameHasAModelInS3_saysWhatToDo() throws IOException {
    Path archive = Files.writeString(folder.resolve("x.tar.gz"), "an archive");
    DeployOptions options = options().model(archive.toString()).bucket(TestCloud.BUCKET).build();
    cloud.sageMaker().fail("CreateModel", 1, 400, "ValidationException", "No.");
    assertThatThrownBy(() -> new Endpoint(options).deploy(aws, heard)).hasMessageContaining("No");
    Endpoint second = new Endpoint(options);
    assertThatThrownBy(() -> second.deploy(aws, heard))
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "s3://my-bucket/%s is there already; choose another --name, or delete what has this one"
                .formatted(KEY));
    assertThat(second.created()).isEmpty();
    assertThat(second.isBesideJob()).isFalse();
  }

  @Test
  void deploy_answerToTheUploadGetsLost_isNoError() throws IOException {
    cloud.s3().loseAnswer(KEY);
    Path archive = Files.writeString(folder.resolve("x.tar.gz"), "an archive");
    new Endpoint(options().model(archive.toString()).bucket(TestCloud.BUCKET).build())
        .deploy(aws, heard);
    assertThat(cloud.account().isInService("digits")).isTrue();
  }

  @Test
  void isBesideJob_jobOfTheName_whoseModelADeletionTakesAlong() throws IOException {
    Path data = Files.writeString(folder.resolve("train-images"), "images");
    Endpoint alone = new Endpoint(options().name("alone").build());
    alone.deploy(aws, heard);
    assertThat(alone.isBesideJob()).isFalse();

    new TrainingJob(
            LaunchOptions.builder()
                .name("digits")
                .bucket(TestCloud.BUCKET)
                .image(TestCloud.IMAGE)
                .role(TestCloud.ROLE)
                .training(List.of(data))
                .build())
        .start(aws, heard);
    Endpoint beside = new Endpoint(options().build());
    beside.deploy(aws, heard);
    assertThat(beside.isBesideJob()).isTrue();
  }

  @Test
  void deploy_mayNotLookAtJobs_goesOn() {
    cloud.sageMaker().fail("DescribeTrainingJob", 1, 400, "AccessDeniedException", "No.");
    new Endpoint(options().build()).deploy(aws, heard);
    assertThat(cloud.account().isInService("digits")).isTrue();
  }

  @Test
  void plan_isWhatDeploySends_andCallsNothing() throws IOException {
    Endpoint endpoint = new Endpoint(options().build());
    JsonNode plan = new ObjectMapper().readTree(endpoint.plan());
    assertThat(cloud.sageMaker().calls()).isEmpty();
    endpoint.deploy(aws, heard);
    assertThat(plan.get(0).at("/request/TrainingJobName").asText()).isEqualTo("digits");
    assertThat(plan.get(1).path("request")).isEqualTo(cloud.account().model("digits"));
    assertThat(plan.get(2).path("request")).isEqualTo(cloud.account().config("digits"));
    assertThat(plan).hasSize(4);
  }

  @Test
  void deploy_quotaIsUsedUp_saysSoAndTellsWhatIsThere() {
    Endpoint endpoint = new Endpoint(options().build());
    cloud
        .sageMaker()
        .fail(
            "CreateEndpoint",
            1,
            400,
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances.");
    assertThatThrownBy(() -> endpoint.deploy(aws, heard))
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "cannot create endpoint digits: The account-level service limit 'ml.m5.large for"
                + " endpoint usage' is 0 Instances (ResourceLimitExceeded); choose another"
                + " --instance-type, or ask for more in Service Quotas");
    assertThat(endpoint.created()).containsExactly("model digits", "endpoint configuration digits");
  }

  @Test
  void deploy_nameOfAForeignModel_isRefusedAndTouchesNothing() {
    aws.sageMaker()
        .createModel(
            request -> request.modelName("digits").primaryContainer(c -> c.image("a.b/c:1")));
    Endpoint endpoint = new Endpoint(options().build());
    assertThatThrownBy(() -> endpoint.deploy(aws, heard))
        .hasMessageContaining("Cannot create already existing model")
        .hasMessageContaining("choose another --name");
    assertThat(endpoint.created()).isEmpty();
  }

  @Test
  void deploy_answersGetLost_isNoError() {
    for (String call : new String[] {"CreateModel", "CreateEndpointConfig", "CreateEndpoint"}) {
      cloud.sageMaker().loseAnswer(call);
    }
    new Endpoint(options().build()).deploy(aws, heard);
    assertThat(cloud.account().isInService("digits")).isTrue();
  }

  @Test
  void deploy_endpointFails_givesTheReason() {
    cloud.account().endpointStates("Creating", "Failed");
    cloud.account().failureReason("The primary container did not pass the ping health check.");
    assertThatThrownBy(() -> new Endpoint(options().build()).deploy(aws, heard))
        .hasMessage(
            "endpoint digits is Failed rather than InService: The primary container did not pass"
                + " the ping health check.");
  }
}
