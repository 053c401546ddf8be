// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.aws.Aws;
import dev.coracle.aws.Deletion;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Deletes what launch and deploy created. */
@Command(
    name = "delete",
    sortOptions = false,
    showDefaultValues = true,
    description = {
      "Deletes all that 'launch' and 'deploy' created under a name: endpoint, configuration, model,"
          + " objects in S3 and training job, which is stopped first if it runs. Its log stays.",
      "",
      "What has the name but not the tag that they set is left alone; the exit status is 1 then."
          + " Deleting twice does no harm."
    })
final class DeleteCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "The name given to launch or deploy.")
  private String name = "";

  @Option(
      names = "--bucket",
      paramLabel = "NAME",
      description = {"Bucket of the objects.", "  Default: the one in the resources' tags"})
  private @Nullable String bucket;

  @Option(names = "--dry-run", description = "Print the requests as JSON; call nothing.")
  private boolean dryRun;

  @Mixin private AwsOptions aws = new AwsOptions();

  @Mixin private PollOption poll = new PollOption();

  DeleteCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Deletion deletion = deletion();
    if (dryRun) {
      terminal.println(deletion.plan());
      return 0;
    }
    try (Aws cloud = aws.open();
        StatusLine status = new StatusLine(terminal)) {
      return deletion.run(cloud, status) ? 0 : 1;
    }
  }

  private Deletion deletion() {
    try {
      return new Deletion(name, bucket, poll.interval());
    } catch (IllegalArgumentException e) {
      throw aws.usage(e);
    }
  }
}
