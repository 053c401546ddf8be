// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.CoracleException;
import dev.coracle.azure.Deployment;
import dev.coracle.azure.DeploymentOptions;
import dev.coracle.azure.DeploymentOptions.Plan;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Brings an archive into Azure Functions. */
@Command(
    name = "deploy",
    sortOptions = false,
    abbreviateSynopsis = true,
    showDefaultValues = true,
    description = {
      "Creates a function app in Azure, deploys an archive into it and calls it, by 'az', which must"
          + " be on the PATH and logged in. Done again, it replaces the archive.",
      "",
      "A function app costs by its calls, its storage account a little until 'azure delete'."
    })
final class AzureDeployCommand implements Callable<Integer> {

  private final Terminal terminal;

  @Parameters(
      paramLabel = "APP.ZIP",
      showDefaultValue = Visibility.NEVER,
      description = "The archive; host.json is at its root.")
  private Path archive = Path.of("");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      required = true,
      showDefaultValue = Visibility.NEVER,
      description = "Name of the function app; it must be free in all of Azure.")
  private String name = "";

  @Mixin private AzureOptions azure = new AzureOptions();

  @Option(
      names = "--location",
      paramLabel = "NAME",
      defaultValue = "eastus",
      description = "Where in the world all is created.")
  private String location = "";

  @Option(
      names = "--storage-account",
      paramLabel = "NAME",
      description = {
        "Storage account of the app; its name must be free in all of Azure.",
        "  Default: made from the app's name"
      })
  private @Nullable String storageAccount;

  @Option(
      names = "--plan",
      paramLabel = "PLAN",
      defaultValue = "flex",
      converter = Converters.PlanName.class,
      description = "flex, or the older consumption, which Azure ends in 2028.")
  private Plan plan = Plan.FLEX;

  @Option(
      names = "--runtime-version",
      paramLabel = "N",
      defaultValue = "17",
      description = "Java of the app.")
  private String runtimeVersion = "";

  @Option(
      names = "--instance-memory",
      paramLabel = "MB",
      converter = Converters.AtLeastOne.class,
      description = {"With --plan flex: 512, 2048 or 4096.", "  Default: 2048"})
  private @Nullable Integer instanceMemory;

  @Option(
      names = "--app-insights",
      description =
          "Create Application Insights for the app's log too, which costs by use. Azure may make a workspace for it in a group of its own, which delete leaves.")
  private boolean appInsights;

  @Option(names = "--no-call", description = "Do not call the function in the end.")
  private boolean noCall;

  @Option(
      names = "--dry-run",
      description = "Check the archive and print the commands of a first deployment; run none.")
  private boolean dryRun;

  @Spec private @Nullable CommandSpec spec;

  AzureDeployCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  @SuppressWarnings("try") // LastWords is only to be closed
  public Integer call() throws InterruptedException {
    Deployment deployment = new Deployment(options());
    if (dryRun) {
      deployment.plan(archive).forEach(terminal::println);
      return 0;
    }
    try (LastWords lastWords =
        new LastWords(
            Objects.requireNonNull(spec).commandLine().getErr(), () -> stays(deployment))) {
      try {
        URI uri = deployment.deploy(archive, !noCall, terminal::println);
        terminal.println("Deployed: " + uri);
      } catch (CoracleException e) {
        String stays = stays(deployment);
        throw stays.isEmpty() ? e : new CoracleException(e.getMessage() + " -- " + stays, e);
      }
    }
    terminal.println("Delete it with: " + azure.deleteCommand(name));
    return 0;
  }

  /** Says what exists in the cloud when this command ends early. */
  private String stays(Deployment deployment) {
    List<String> there = deployment.created();
    return there.isEmpty()
        ? ""
        : "there so far: %s; delete it with: %s"
            .formatted(String.join(", ", there), azure.deleteCommand(name));
  }

  private DeploymentOptions options() {
    if (plan != Plan.FLEX && instanceMemory != null) {
      throw azure.usage("--instance-memory is for --plan flex");
    }
    DeploymentOptions.Builder options =
        azure
            .builder(name)
            .location(location)
            .storageAccount(storageAccount)
            .plan(plan)
            .runtimeVersion(runtimeVersion)
            .appInsights(appInsights);
    if (instanceMemory != null) {
      options.instanceMemory(instanceMemory);
    }
    return azure.build(options);
  }
}
