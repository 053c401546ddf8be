// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.azure.Az.Step;
import dev.coracle.azure.DeploymentOptions.Plan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Builds the {@code az} commands for a function app. */
record AzCommands(DeploymentOptions options) {

  /** Tag of the resource group, whose value is the app's name; without it the group is not ours. */
  static final String TAG = "coracle";

  private static final Duration QUESTION = Duration.ofMinutes(2);
  private static final Duration CREATION = Duration.ofMinutes(20);
  private static final Duration DELETION = Duration.ofHours(1); // which Azure may take

  static final Step SUBSCRIPTION =
      question("asking for the subscription", "account show --query name --output tsv");

  static final Step VERSION = question("asking az for its version", "version --output json");

  /**
   * Makes a step from the words of a command, followed by options and their values, one string
   * each. The command states its output format, since the user may have configured another.
   */
  private static Step question(String what, String command, String... options) {
    return new Step(what, QUESTION, words(command, options));
  }

  private static Step creation(String what, String command, String... options) {
    List<String> words = words(command, options);
    words.addAll(List.of("--output", "none")); // nothing that az would print is needed
    return new Step(what, CREATION, words);
  }

  private static List<String> words(String command, String... options) {
    List<String> words = new ArrayList<>(Arrays.asList(command.split(" ")));
    words.addAll(Arrays.asList(options));
    return words;
  }

  Step groupExists() {
    return question(
        "asking for resource group " + options.resourceGroup,
        "group exists --output json",
        "--name",
        options.resourceGroup);
  }

  Step tag() {
    return question(
        "asking for the tag of resource group " + options.resourceGroup,
        "group show --query tags." + TAG + " --output tsv",
        "--name",
        options.resourceGroup);
  }

  Step resources() {
    return question(
        "asking what is in resource group " + options.resourceGroup,
        "resource list --query [].[type,name] --output tsv",
        "--resource-group",
        options.resourceGroup);
  }

  /** Asks for the state of the group, which is Succeeded when it is ready. */
  Step groupState() {
    return question(
        "asking for the state of resource group " + options.resourceGroup,
        "group show --query properties.provisioningState --output tsv",
        "--name",
        options.resourceGroup);
  }

  /** Asks for the host name: clouds have domains of their own, and Azure may extend a name. */
  Step hostName() {
    return question(
        "asking for the address of function app " + options.name,
        "resource show --query properties.defaultHostName --output tsv --resource-type "
            + Deployment.SITE,
        "--name",
        options.name,
        "--resource-group",
        options.resourceGroup);
  }

  Step createGroup() {
    return creation(
        "creating resource group " + options.resourceGroup,
        "group create",
        "--name",
        options.resourceGroup,
        "--location",
        options.location,
        "--tags",
        TAG + "=" + options.name);
  }

  Step createStorage() {
    return creation(
        "creating storage account " + options.storageAccount,
        "storage account create --sku Standard_LRS --allow-blob-public-access false"
            + " --min-tls-version TLS1_2",
        "--name",
        options.storageAccount,
        "--resource-group",
        options.resourceGroup,
        "--location",
        options.location);
  }

  Step createApp() {
    String insights = options.appInsights ? "" : " --disable-app-insights true";
    String command = "functionapp create --runtime java --https-only true" + insights;
    String[] app = {
      "--name", options.name,
      "--resource-group", options.resourceGroup,
      "--storage-account", options.storageAccount
    };
    String[] plan =
        options.plan == Plan.FLEX
            ? new String[] {
              "--runtime-version", options.runtimeVersion,
              "--flexconsumption-location", options.location,
              "--instance-memory", Integer.toString(options.instanceMemory)
            }
            : new String[] {
              "--runtime-version",
              options.runtimeVersion + ".0",
              "--consumption-plan-location",
              options.location,
              "--os-type",
              "Linux",
              "--functions-version",
              "4"
            };
    return creation(
        "creating function app " + options.name,
        command,
        Stream.of(app, plan).flatMap(Stream::of).toArray(String[]::new));
  }

  /** Deploys without --build-remote, which builds sources, and of other languages only. */
  Step deploy(Path archive) {
    return creation(
        "deploying " + archive.getFileName(),
        "functionapp deployment source config-zip",
        "--name",
        options.name,
        "--resource-group",
        options.resourceGroup,
        "--src",
        archive.toAbsolutePath().toString());
  }

  Step deleteGroup(boolean wait) {
    return new Step(
        "deleting resource group " + options.resourceGroup,
        wait ? DELETION : QUESTION,
        words(
            wait ? "group delete --yes" : "group delete --yes --no-wait",
            "--name",
            options.resourceGroup));
  }
}
