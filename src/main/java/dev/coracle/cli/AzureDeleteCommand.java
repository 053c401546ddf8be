// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.azure.Deployment;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Deletes what azure deploy created. */
@Command(
    name = "delete",
    sortOptions = false,
    showDefaultValues = true,
    description = {
      "Deletes the resource group that 'azure deploy' created, with all that is in it. Without --yes"
          + " it only shows what that is.",
      "",
      "A resource group without the tag that 'azure deploy' sets is left alone; the exit status is 1"
          + " then. Deleting twice does no harm."
    })
final class AzureDeleteCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "The name that was given to azure deploy.")
  private String name = "";

  @Mixin private AzureOptions azure = new AzureOptions();

  @Option(names = "--yes", description = "Delete.")
  private boolean yes;

  @Option(names = "--no-wait", description = "Do not wait until Azure has done it.")
  private boolean noWait;

  @Option(names = "--dry-run", description = "Print the commands; run none.")
  private boolean dryRun;

  AzureDeleteCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    Deployment deployment = new Deployment(azure.build(azure.builder(name)));
    if (dryRun) {
      deployment.deletionPlan(!noWait).forEach(terminal::println);
      return 0;
    }
    if (!yes) {
      return show(deployment);
    }
    boolean deleted = deployment.delete(!noWait);
    if (!deleted) {
      nothing(deployment);
    } else {
      terminal.println((noWait ? "Azure is deleting " : "Deleted ") + name);
    }
    return 0;
  }

  /** Names the subscription: in another one there may be resources that cost money. */
  private void nothing(Deployment deployment) throws InterruptedException {
    String where;
    try {
      where = "the subscription " + deployment.subscription();
    } catch (CoracleException e) { // the answer stays the same
      where = "the subscription that az is set to";
    }
    terminal.println(
        "There is nothing of %s in %s; 'az account set' chooses another".formatted(name, where));
  }

  private int show(Deployment deployment) throws InterruptedException {
    Optional<List<String>> contents = deployment.contents();
    if (contents.isEmpty()) {
      nothing(deployment);
      return 0;
    }
    contents.get().forEach(terminal::println);
    throw new CoracleException(
        "nothing has been deleted; to delete the resource group with what is listed above: "
            + azure.deleteCommand(name));
  }
}
