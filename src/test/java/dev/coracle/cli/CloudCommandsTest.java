// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.aws.FakeAccount;
import dev.coracle.aws.TestCloud;
import dev.coracle.sagemaker.ModelArchive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands that talk to AWS, against fakes. */
class CloudCommandsTest {

  private final Path folder;
  private final TestCloud cloud = new TestCloud();

  CloudCommandsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @AfterEach
  void close() {
    cloud.close();
  }

  private static Cli sageMaker(Object... args) {
    List<Object> all = new ArrayList<>(List.of("sagemaker"));
    all.addAll(List.of(args));
    return Cli.run(all.toArray());
  }

  private Cli launch(Object... more) {
    Path data = folder.resolve("data");
    if (!Files.exists(data)) {
      SmallMnist.write(data, SmallMnist.bars(20, 1), SmallMnist.bars(10, 2));
    }
    Map<String, Object> options = new LinkedHashMap<>();
    options.put("--data-dir", data);
    options.put("--output-dir", folder.resolve("model"));
    options.put("--name", "digits");
    options.put("--bucket", TestCloud.BUCKET);
    options.put("--image", TestCloud.IMAGE);
    options.put("--role", TestCloud.ROLE);
    options.put("--poll", 1);
    options.keySet().removeAll(List.of(more)); // given otherwise
    List<Object> args = new ArrayList<>(List.of("launch"));
    options.forEach((name, value) -> args.addAll(List.of(name, value)));
    args.addAll(List.of(more));
    return sageMaker(args.toArray());
  }

  private static Cli deploy(Object... more) {
    List<Object> args = new ArrayList<>(List.of("deploy", "--name", "digits", "--poll", 1));
    args.addAll(List.of("--image", TestCloud.IMAGE, "--role", TestCloud.ROLE));
    args.addAll(List.of(more));
    return sageMaker(args.toArray());
  }

  private void writesModel() throws IOException {
    Path content = Files.createDirectory(folder.resolve("content"));
    Files.writeString(content.resolve("mnist.onnx"), "weights");
    Path archive = folder.resolve("archive.tar.gz");
    ModelArchive.pack(content, archive);
    byte[] bytes = Files.readAllBytes(archive);
    cloud
        .account()
        .modelWriter(uri -> cloud.s3().objects().put(uri.replace("s3://my-bucket/", ""), bytes));
  }

  private static void assertOneLine(Cli cli, int status, String... words) {
    assertThat(cli.err()).startsWith("coracle: ").contains(words);
    assertThat(cli.err().lines()).hasSize(1);
    assertThat(cli.status()).isEqualTo(status);
  }

  @Test
  void launch_success_followsInPlainLinesAndUnpacks() throws IOException {
    writesModel();
    Cli cli = launch("-H", "epochs=2", "--hyperparameter", "lr=0.5");
    assertThat(cli.err()).isEmpty();
    assertThat(cli.status()).isZero();
    assertThat(folder.resolve("model/mnist.onnx")).hasContent("weights");
    assertThat(cli.out().lines())
        .containsSubsequence(
            "Created training job digits",
            "InProgress / Starting: Starting it is",
            "one",
            "Completed / Completed: Completed it is",
            "Delete the job and what lies in S3: coracle sagemaker delete --name digits --bucket my-bucket --region us-east-1");
    assertThat(cli.out()).doesNotContain("\u001b", "\r");
    assertThat(cloud.account().job("digits").at("/HyperParameters/lr").asText()).isEqualTo("0.5");
    assertThat(cloud.s3().keys()).contains("coracle/digits/data/testing/t10k-labels-idx1-ubyte");
  }

  @Test
  void launch_noWait_returnsWithTheJobRunning() {
    Cli cli = launch("--no-wait");
    assertThat(cli.status()).isZero();
    assertThat(cli.out())
        .contains("the job goes on until it is over", "coracle sagemaker delete --name digits")
        .contains("--region us-east-1", "home?region=us-east-1#/jobs/digits");
    assertThat(cloud.sageMaker().calls()).containsExactly("CreateTrainingJob");
  }

  @Test
  void launch_jobFails_printsItsReasonAndFails() {
    cloud
        .account()
        .steps(List.of(new FakeAccount.Step("Failed", "Failed", "", List.of("the last line"))));
    Cli cli = launch();
    assertOneLine(cli, 1, "training job digits failed", "the container's last words");
    assertThat(cli.out()).contains("the last line");
    assertThat(folder.resolve("model")).doesNotExist();
  }

  @Test
  void launch_jobIsRefused_saysHowToDeleteWhatWasUploaded() {
    cloud.sageMaker().fail("CreateTrainingJob", 1, 400, "AccessDeniedException", "User may not");
    assertOneLine(
        launch(),
        1,
        "User may not",
        "created so far: objects below s3://my-bucket/coracle/digits/; delete it with: ");
  }

  @Test
  void launch_nameIsTaken_doesNotOfferToDeleteIt() {
    launch("--no-wait");
    Cli cli = launch("--no-wait");
    assertOneLine(cli, 1, "is in use already");
    assertThat(cli.err()).doesNotContain("sagemaker delete", "created");
  }

  @Test
  void launch_dryRun_callsNothing() {
    cloud.unset("aws.region");
    cloud.unset("aws.accessKeyId");
    Cli cli = launch("--dry-run", "--spot");
    assertThat(cli.status()).isZero();
    assertThat(cli.out()).contains("\"TrainingJobName\" : \"digits\"", "\"CheckpointConfig\"");
    assertThat(cloud.sageMaker().calls()).isEmpty();
    assertThat(cloud.s3().requests()).isEmpty();
  }

  @Test
  void launch_outputFolderIsFull_costsNothing() throws IOException {
    Files.writeString(Files.createDirectory(folder.resolve("model")).resolve("old"), "");
    assertOneLine(launch(), 1, "is not empty", "--output-dir");
    assertThat(cloud.s3().requests()).isEmpty();
  }

  @Test
  void launch_damagedData_costsNothing() throws IOException {
    launch("--dry-run");
    Files.write(folder.resolve("data/train-labels-idx1-ubyte"), new byte[9]);
    assertOneLine(launch(), 1, "train-labels-idx1-ubyte");
    assertThat(cloud.s3().requests()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "--name, -x, 'letters a-z'",
    "--bucket, s3://b, 'name of an S3 bucket'",
    "--image, 'a b', 'image in ECR'",
    "--role, admin, arn:aws:iam",
    "--instance-count, 0, whole number from 1",
    "--instance-count, 1001, from 1 to 1000",
    "--volume-gb, x, whole number from 1",
    "--max-run, 2419201, from 1 to 2419200",
    "--max-wait, 4000, --spot",
    "--input-mode, Files, 'File, FastFile or Pipe'",
    "--region, 'evil.example/', AWS region",
    "--poll, 0, whole number from 1",
    "--hyperparameter, epochs, NAME=VALUE",
  })
  void launch_badOption_isNamedBeforeAnythingIsCalled(
      String option, String value, String expectation) {
    Cli cli = launch(option, value);
    assertOneLine(cli, 2, option, expectation, "--help");
    assertThat(cloud.s3().requests()).isEmpty();
  }

  @Test
  void launch_noRole_namesOptionAndVariable() {
    Cli cli =
        sageMaker("launch", "--bucket", TestCloud.BUCKET, "--image", TestCloud.IMAGE, "--dry-run");
    assertOneLine(cli, 2, "--role", "SAGEMAKER_ROLE");
  }

  @Test
  void deployInvokeDelete_wholeWay_leavesNothing() throws IOException {
    Path model = Files.writeString(folder.resolve("mnist.onnx"), "weights");
    Cli deployed = deploy("--model", model, "--bucket", TestCloud.BUCKET);
    assertThat(deployed.err()).isEmpty();
    assertThat(deployed.out())
        .contains("Endpoint digits is in service")
        .contains("coracle sagemaker invoke --name digits --region us-east-1 digit.png");

    Path picture = Files.write(folder.resolve("digit.png"), new byte[] {1});
    Cli invoked = sageMaker("invoke", "--name", "digits", picture);
    assertThat(invoked.out().strip()).isEqualTo(picture + ": {\"label\":7}");

    Cli deleted = sageMaker("delete", "--name", "digits", "--poll", 1);
    assertThat(deleted.status()).isZero();
    assertThat(cloud.account().there()).isEmpty();
    assertThat(cloud.s3().keys()).isEmpty();
    assertThat(sageMaker("delete", "--name", "digits").out())
        .contains("There is nothing left of digits");
  }

  @Test
  void deploy_modelOfAJobOfThatName_saysWhatADeletionTakesAlong() {
    launch("--no-wait");
    Cli cli = deploy("--model", "s3://my-bucket/coracle/digits/output/model.tar.gz");
    assertThat(cli.out())
        .contains(
            "It costs money until you delete it, the training job of this name and what that has"
                + " saved, with: coracle sagemaker delete --name digits --region us-east-1");
  }

  @Test
  void deploy_failsHalfWay_saysWhatIsThereAndHowToDeleteIt() {
    cloud
        .sageMaker()
        .fail("CreateEndpoint", 1, 400, "ResourceLimitExceeded", "The limit is 0 Instances.");
    Cli cli = deploy("--model", "s3://b/model.tar.gz");
    assertOneLine(
        cli,
        1,
        "The limit is 0 Instances",
        "created so far: model digits, endpoint configuration digits",
        "coracle sagemaker delete --name digits");
  }

  @ParameterizedTest
  @CsvSource({
    "--model, model.zip, '.onnx'",
    "--memory-mb, 2048, --serverless",
    "--max-concurrency, 3, --serverless",
    "--instance-count, 1001, from 1 to 1000",
  })
  void deploy_badOption_isNamed(String option, String value, String expectation) {
    Cli cli =
        option.equals("--model")
            ? deploy(option, value)
            : deploy("--model", "s3://b/model.tar.gz", option, value);
    assertOneLine(cli, 2, option, expectation);
    assertThat(cloud.sageMaker().calls()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"1000, from 1024", "1500, 5120 or 6144", "7168, to 6144"})
  void deploy_memoryNotOffered_saysWhatIs(int memory, String expectation) {
    Cli cli = deploy("--model", "s3://b/model.tar.gz", "--serverless", "--memory-mb", memory);
    assertOneLine(cli, 2, "--memory-mb", expectation, String.valueOf(memory));
  }

  @Test
  void deploy_serverlessWithMachines_saysWhatToLeaveOut() {
    Cli cli =
        deploy("--model", "s3://b/m.tar.gz", "--serverless", "--instance-type", "ml.m5.large");
    assertOneLine(cli, 2, "--serverless", "--instance-type");
  }

  @Test
  void deploy_localModelWithoutBucket_asksForOne() throws IOException {
    Path model = Files.writeString(folder.resolve("mnist.onnx"), "weights");
    assertOneLine(deploy("--model", model), 2, "--bucket is required");
  }

  @Test
  void delete_foreignBucketPrefix_isLeftAlone() {
    cloud.s3().objects().put("coracle/digits/data", new byte[1]);
    Cli cli = sageMaker("delete", "--name", "digits", "--bucket", TestCloud.BUCKET);
    assertThat(cli.status()).isEqualTo(1);
    assertThat(cli.out()).contains("Left alone: s3://my-bucket/coracle/digits/");
    assertThat(cloud.s3().keys()).hasSize(1);
  }

  @Test
  void delete_dryRun_callsNothing() {
    Cli cli = sageMaker("delete", "--name", "digits", "--dry-run");
    assertThat(cli.status()).isZero();
    assertThat(cli.out()).contains("sagemaker.DeleteEndpoint", "sagemaker.DeleteTrainingJob");
    assertThat(cloud.sageMaker().calls()).isEmpty();
  }

  @Test
  void invoke_unknownEnding_sendsNothing() {
    assertOneLine(
        sageMaker("invoke", "--name", "digits", folder.resolve("a.png"), "b.txt"), 1, "b.txt");
    assertThat(cloud.sageMaker().calls()).isEmpty();
  }

  @Test
  void invoke_badName_namesTheOption() {
    assertOneLine(sageMaker("invoke", "--name", "a/../b", "a.png"), 2, "--name");
  }
}
