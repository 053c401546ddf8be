// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.aws.Aws;
import dev.coracle.aws.DeployOptions;
import dev.coracle.aws.Endpoint;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Serves a model in SageMaker. */
@Command(
    name = "deploy",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Creates a SageMaker endpoint for a model and waits until it is in service.",
      "",
      "An endpoint on instances costs money, whether or not it is used, until 'sagemaker delete'."
    })
final class DeployCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "s3://BUCKET/…/model.tar.gz, a local .tar.gz, or a local .onnx.")
  private String model = "";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = {"Name of all that is created.", "  Default: coracle-mnist-<yyyyMMdd-HHmmss>"})
  private @Nullable String name;

  @Option(
      names = "--bucket",
      paramLabel = "NAME",
      description = "S3 bucket for a local model, which must exist; it goes below coracle/NAME/.")
  private @Nullable String bucket;

  @Option(
      names = "--image",
      paramLabel = "IMAGE",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "Image in ECR that serves, in the same region.")
  private String image = "";

  @Option(
      names = "--role",
      paramLabel = "ARN",
      defaultValue = "${env:" + AwsOptions.ROLE_VARIABLE + "}",
      description = "Role of the endpoint. Required here or as " + AwsOptions.ROLE_VARIABLE + ".")
  private @Nullable String role;

  @Option(
      names = "--instance-type",
      paramLabel = "TYPE",
      description = {"Kind of machine.", "  Default: ml.m5.large"})
  private @Nullable String instanceType;

  @Option(
      names = "--instance-count",
      paramLabel = "N",
      converter = Converters.AtLeastOne.class,
      description = {"Number of machines.", "  Default: 1"})
  private @Nullable Integer instanceCount;

  @Option(names = "--serverless", description = "Pay for requests rather than machines.")
  private boolean serverless;

  @Option(
      names = "--memory-mb",
      paramLabel = "N",
      converter = Converters.AtLeastOne.class,
      description = {"With --serverless: 1024 to 6144 in steps of 1024.", "  Default: 2048"})
  private @Nullable Integer memoryMb;

  @Option(
      names = "--max-concurrency",
      paramLabel = "N",
      converter = Converters.AtLeastOne.class,
      description = {"With --serverless: requests at a time, 1 to 200.", "  Default: 5"})
  private @Nullable Integer maxConcurrency;

  @Option(names = "--dry-run", description = "Print the requests as JSON; call nothing.")
  private boolean dryRun;

  @Mixin private AwsOptions aws = new AwsOptions();

  @Mixin private PollOption poll = new PollOption();

  @Spec private @Nullable CommandSpec spec;

  DeployCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  @SuppressWarnings("try") // LastWords is only to be closed
  public Integer call() {
    String endpointName = aws.nameOrNew(name);
    DeployOptions options = options(endpointName);
    Endpoint endpoint = new Endpoint(options);
    if (dryRun) {
      terminal.println(endpoint.plan());
      return 0;
    }
    try (Aws cloud = aws.open();
        StatusLine status = new StatusLine(terminal)) {
      String delete = aws.deleteCommand(cloud, endpointName, bucket);
      try (LastWords lastWords =
          new LastWords(
              Objects.requireNonNull(spec).commandLine().getErr(), () -> stays(endpoint, delete))) {
        endpoint.deploy(cloud, status);
      } catch (CoracleException e) {
        String stays = stays(endpoint, delete);
        throw stays.isEmpty() ? e : new CoracleException(e.getMessage() + " -- " + stays, e);
      }
      status.line("Endpoint " + endpointName + " is in service");
      status.line("Use it: " + aws.invokeCommand(cloud, endpointName));
      status.line("It costs money until you " + deletion(endpoint, delete));
    }
    return 0;
  }

  private static String deletion(Endpoint endpoint, String command) {
    String more =
        endpoint.isBesideJob() ? ", the training job of this name and what that has saved," : "";
    return "delete it%s with: %s".formatted(more, command);
  }

  /** Says what exists in the cloud when this command ends early. */
  private static String stays(Endpoint endpoint, String command) {
    List<String> created = endpoint.created();
    return created.isEmpty()
        ? ""
        : "created so far: %s; %s"
            .formatted(String.join(", ", created), deletion(endpoint, command));
  }

  private DeployOptions options(String endpointName) {
    if (serverless && (instanceType != null || instanceCount != null)) {
      throw aws.usage("--serverless has no machines; leave out --instance-type, --instance-count");
    }
    if (!serverless && (memoryMb != null || maxConcurrency != null)) {
      throw aws.usage("--memory-mb and --max-concurrency are for --serverless");
    }
    DeployOptions.Builder options =
        DeployOptions.builder()
            .name(endpointName)
            .image(image)
            .role(aws.role(role))
            .model(model)
            .bucket(bucket)
            .serverless(serverless)
            .poll(poll.interval());
    if (instanceType != null) {
      options.instanceType(instanceType);
    }
    if (instanceCount != null) {
      options.instanceCount(instanceCount);
    }
    if (memoryMb != null) {
      options.memoryMb(memoryMb);
    }
    if (maxConcurrency != null) {
      options.maxConcurrency(maxConcurrency);
    }
    try {
      return options.build();
    } catch (IllegalArgumentException e) {
      throw aws.usage(e);
    }
  }
}
