// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.aws.Aws;
import dev.coracle.aws.LaunchOptions;
import dev.coracle.aws.TrainingJob;
import dev.coracle.dataset.Mnist;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains in SageMaker and downloads the model. */
@Command(
    name = "launch",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Uploads the data, starts a SageMaker training job, follows it with its log, and unpacks its"
          + " model here. This costs money.",
      "",
      "Ctrl-C ends this command, not the job: 'sagemaker delete' stops it."
    })
final class LaunchCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      defaultValue = "datasets/mnist",
      description =
          "Folder of the four idx files. train-* become the channel 'training', t10k-* 'testing'.")
  private Path dataDir = Path.of("");

  @Option(
      names = "--output-dir",
      paramLabel = "DIR",
      description = {"Folder for the model, empty or new.", "  Default: output/NAME"})
  private @Nullable Path outputDir;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = {
        "Name of the job and its objects.",
        "  Default: coracle-mnist-<yyyyMMdd-HHmmss>"
      })
  private @Nullable String name;

  @Option(
      names = "--bucket",
      paramLabel = "NAME",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "S3 bucket, which must exist; objects go below coracle/NAME/.")
  private String bucket = "";

  @Option(
      names = "--image",
      paramLabel = "IMAGE",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "Image in ECR that trains, in the same region.")
  private String image = "";

  @Option(
      names = "--role",
      paramLabel = "ARN",
      defaultValue = "${env:" + AwsOptions.ROLE_VARIABLE + "}",
      description = "Role of the job. Required here or as " + AwsOptions.ROLE_VARIABLE + ".")
  private @Nullable String role;

  @Option(
      names = "--instance-type",
      paramLabel = "TYPE",
      defaultValue = "ml.m5.xlarge",
      description = "Kind of machine.")
  private String instanceType = "";

  @Option(
      names = "--instance-count",
      paramLabel = "N",
      defaultValue = "1",
      converter = Converters.AtLeastOne.class,
      description = "Number of machines.")
  private int instanceCount;

  @Option(
      names = "--volume-gb",
      paramLabel = "N",
      defaultValue = "10",
      converter = Converters.AtLeastOne.class,
      description = "Disk of each machine.")
  private int volumeGb;

  @Option(
      names = "--max-run",
      paramLabel = "SECONDS",
      defaultValue = "3600",
      converter = Converters.AtLeastOne.class,
      description = "Time after which SageMaker stops the job.")
  private int maxRun;

  @Option(
      names = "--spot",
      description = "Take spot instances: cheaper, may be interrupted and go on later.")
  private boolean spot;

  @Option(
      names = "--max-wait",
      paramLabel = "SECONDS",
      converter = Converters.AtLeastOne.class,
      description = {
        "With --spot: time for waiting and running together.",
        "  Default: that of --max-run"
      })
  private @Nullable Integer maxWait;

  @Option(
      names = "--checkpoints",
      description = "Keep /opt/ml/checkpoints in the bucket; always with --spot.")
  private boolean checkpoints;

  @Option(
      names = "--input-mode",
      paramLabel = "MODE",
      defaultValue = "File",
      description = "How the container gets the data: File, FastFile or Pipe.")
  private String inputMode = "";

  @Option(
      names = {"-H", "--hyperparameter"},
      paramLabel = "NAME=VALUE",
      showDefaultValue = Visibility.NEVER,
      description = "A hyperparameter for the container; may be repeated.")
  private Map<String, String> hyperparameters = new LinkedHashMap<>();

  @Option(names = "--no-wait", description = "Start the job and leave it.")
  private boolean noWait;

  @Option(names = "--dry-run", description = "Print the requests as JSON; call nothing.")
  private boolean dryRun;

  @Mixin private AwsOptions aws = new AwsOptions();

  @Mixin private PollOption poll = new PollOption();

  @Spec private @Nullable CommandSpec spec;

  LaunchCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  @SuppressWarnings("try") // LastWords is only to be closed
  public Integer call() {
    String jobName = aws.nameOrNew(name);
    Path folder = outputDir == null ? Path.of("output", jobName) : outputDir;
    TrainingJob job = new TrainingJob(options(jobName));
    if (dryRun) {
      terminal.println(job.plan());
      return 0;
    }
    Mnist.read(dataDir); // otherwise damaged data would be found only when the job costs money
    requireEmpty(folder);
    try (Aws cloud = aws.open();
        StatusLine status = new StatusLine(terminal)) {
      String page = cloud.consolePage(jobName);
      String delete = aws.deleteCommand(cloud, jobName, bucket);
      try (LastWords lastWords =
          new LastWords(
              Objects.requireNonNull(spec).commandLine().getErr(),
              () -> stays(job, page, delete))) {
        job.start(cloud, status);
        if (noWait) {
          status.line(stays(job, page, delete));
        } else {
          follow(job, folder, cloud, status, delete);
        }
      } catch (CoracleException e) {
        String stays = stays(job, page, delete);
        throw stays.isEmpty() ? e : new CoracleException(e.getMessage() + " -- " + stays, e);
      }
    }
    return 0;
  }

  private static void follow(
      TrainingJob job, Path folder, Aws cloud, StatusLine status, String delete) {
    String model = job.follow(cloud, status);
    status.line("Model: " + model);
    TrainingJob.fetch(cloud, model, folder);
    status.line("Unpacked into " + folder);
    status.line("Delete the job and what lies in S3: " + delete);
  }

  /** Says what exists in the cloud when this command ends early. */
  private static String stays(TrainingJob job, String page, String delete) {
    List<String> created = job.created();
    if (created.isEmpty()) {
      return "";
    }
    String there = "created so far: " + String.join(", ", created);
    if (created.size() == 1 || job.isOver()) { // the job was not created, or is over
      return there + "; delete it with: " + delete;
    }
    return "%s; the job goes on until it is over. Look: %s ; stop and delete: %s"
        .formatted(there, page, delete);
  }

  private LaunchOptions options(String jobName) {
    String roleArn = aws.role(role);
    List<Path> files = Mnist.files(dataDir);
    try {
      return LaunchOptions.builder()
          .name(jobName)
          .bucket(bucket)
          .image(image)
          .role(roleArn)
          .training(files.subList(0, 2))
          .testing(files.subList(2, 4))
          .instanceType(instanceType)
          .instanceCount(instanceCount)
          .volumeGb(volumeGb)
          .maxRun(maxRun)
          .spot(spot)
          .maxWait(maxWait)
          .checkpoints(checkpoints)
          .inputMode(inputMode)
          .hyperparameters(hyperparameters)
          .poll(poll.interval())
          .build();
    } catch (IllegalArgumentException e) {
      throw aws.usage(e);
    }
  }

  /** Reports before the job starts that there is no place for its model. */
  private static void requireEmpty(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> content = Files.list(folder)) {
      if (content.findAny().isPresent()) {
        throw new CoracleException(
            folder + " is not empty; choose another --output-dir, or empty it");
      }
    } catch (IOException e) {
      throw new CoracleException("cannot use --output-dir: " + CoracleException.reason(e), e);
    }
  }
}
