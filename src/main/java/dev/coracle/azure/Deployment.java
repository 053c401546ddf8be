// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.CoracleException;
import dev.coracle.azure.Az.Step;
import dev.coracle.azure.DeploymentOptions.Plan;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Creates a function app in Azure, deploys an archive to it, and deletes it, using {@code az},
 * which must be on the PATH and logged in.
 *
 * <p>Everything is in a resource group of its own with the tag {@code coracle=NAME}. An existing
 * group without it is neither used nor deleted. Deploying again replaces the archive; existing
 * resources stay unchanged. One deployment or deletion at a time; {@link #created} from any thread.
 */
public final class Deployment {

  static final String SITE = "Microsoft.Web/sites";
  private static final String STORAGE = "Microsoft.Storage/storageAccounts";

  private static final Duration START = Duration.ofMinutes(5);
  private static final Duration PAUSE = Duration.ofSeconds(3);

  static final Pattern VERSION = Pattern.compile("\"azure-cli\": \"(\\d+)\\.(\\d+)");
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+");

  private static final int FLEX_SINCE = 60; // az 2.60

  private final DeploymentOptions options;
  private final AzCommands commands;
  private final Supplier<Az> program;
  private final FirstCall firstCall;
  private final List<String> created = new CopyOnWriteArrayList<>();

  /** Prepares a deployment; runs nothing. */
  public Deployment(DeploymentOptions options) {
    this(options, () -> Az.find(System.getenv("PATH")), new FirstCall(START, PAUSE));
  }

  Deployment(DeploymentOptions options, Supplier<Az> program, FirstCall firstCall) {
    this.options = options;
    this.commands = new AzCommands(options);
    this.program = program;
    this.firstCall = firstCall;
  }

  /**
   * Returns what the last {@link #deploy} found or created of this app; {@code perhaps …} where it
   * ended while the resource group was being created.
   */
  public List<String> created() {
    return List.copyOf(created);
  }

  /**
   * Returns the commands, for a shell, that a first deployment runs; runs none.
   *
   * @throws CoracleException if the archive cannot be a function app
   */
  public List<String> plan(Path archive) {
    ZipCheck.check(archive, options.plan);
    return Stream.of(
            commands.createGroup(),
            commands.createStorage(),
            commands.createApp(),
            commands.deploy(archive))
        .map(Step::line)
        .toList();
  }

  /** Returns the commands, for a shell, of a deletion: the first must print the app's name. */
  public List<String> deletionPlan(boolean wait) {
    return List.of(commands.tag().line(), commands.deleteGroup(wait).line());
  }

  /**
   * Creates what is missing, deploys an archive, calls the function, and returns where it answers.
   *
   * @param call whether the function is called at the end and its answer waited for
   * @param log receives a line as each step begins
   * @throws CoracleException if the archive cannot be a function app, the resource group is not
   *     this app's, or a step fails; {@link #created} then tells what exists
   */
  public URI deploy(Path archive, boolean call, Consumer<String> log) throws InterruptedException {
    created.clear();
    ZipCheck.check(archive, options.plan);
    Az az = program.get();
    checkVersion(az);
    List<String> there = prepareGroup(az, log);
    if (contains(there, SITE, options.name)) {
      created.add("function app " + options.name);
      log.accept("Function app " + options.name + " exists; its plan, Java and memory stay");
    } else {
      if (!contains(there, STORAGE, options.storageAccount)) {
        create(az, commands.createStorage(), log);
      }
      created.add("storage account " + options.storageAccount);
      create(az, commands.createApp(), log);
      created.add("function app " + options.name);
    }
    create(az, commands.deploy(archive), log);
    URI uri = uri(az);
    if (call) {
      log.accept("Calling " + uri);
      firstCall.check(uri, log);
    }
    return uri;
  }

  private URI uri(Az az) throws InterruptedException {
    String host = az.run(commands.hostName()).strip();
    if (!HOST.matcher(host).matches()) {
      throw new CoracleException(
          "asked for the address of function app %s, az printed '%s'; expected a host name"
              .formatted(options.name, host.lines().findFirst().orElse("")));
    }
    return URI.create("https://" + host + "/api/classify");
  }

  private void checkVersion(Az az) throws InterruptedException {
    if (options.plan != Plan.FLEX) {
      return;
    }
    String json = az.run(AzCommands.VERSION);
    Matcher version = VERSION.matcher(json);
    if (version.find()
        && Integer.parseInt(version.group(1)) <= 2
        && Integer.parseInt(version.group(2)) < FLEX_SINCE) {
      throw new CoracleException(
          "az %s.%s does not know the plan flex: expected 2.%d or newer; update az, or take the plan consumption"
              .formatted(version.group(1), version.group(2), FLEX_SINCE));
    }
  }

  /** Returns the resources in the group, which is created if it does not exist. */
  private List<String> prepareGroup(Az az, Consumer<String> log) throws InterruptedException {
    List<String> there = List.of();
    String group = "resource group " + options.resourceGroup;
    if (exists(az)) {
      requireOurs(az);
      requireReady(az);
      there = list(az);
    } else {
      String perhaps = "perhaps " + group; // az may already have sent its request when it is killed
      created.add(perhaps);
      create(az, commands.createGroup(), log);
      created.set(0, group);
      return there;
    }
    created.add(group);
    return there;
  }

  private static void create(Az az, Step step, Consumer<String> log) throws InterruptedException {
    log.accept(Character.toUpperCase(step.what().charAt(0)) + step.what().substring(1));
    az.run(step);
  }

  private boolean exists(Az az) throws InterruptedException {
    String answer = az.run(commands.groupExists()).strip();
    if (!answer.equals("true") && !answer.equals("false")) { // a group not seen would be ours
      throw new CoracleException(
          "asked whether resource group %s exists, az printed '%s'; expected true or false"
              .formatted(options.resourceGroup, answer.lines().findFirst().orElse("")));
    }
    return answer.equals("true");
  }

  private void requireOurs(Az az) throws InterruptedException {
    String value = az.run(commands.tag()).strip();
    if (!value.equals(options.name)) {
      throw new CoracleException(
          "resource group %s is not that of function app %s and is left alone: expected its tag %s=%s, got %s"
              .formatted(
                  options.resourceGroup,
                  options.name,
                  AzCommands.TAG,
                  options.name,
                  value.isEmpty() ? "none" : AzCommands.TAG + "=" + value));
    }
  }

  /**
   * Requires the group to be ready: resources created in a group that Azure is still deleting would
   * vanish with it.
   */
  private void requireReady(Az az) throws InterruptedException {
    String state = az.run(commands.groupState()).strip();
    if (!state.equals("Succeeded")) {
      throw new CoracleException(
          "resource group %s is not ready: expected the state Succeeded, got %s; try again when Azure is done with it"
              .formatted(options.resourceGroup, state.isEmpty() ? "none" : state));
    }
  }

  /** Returns {@code <type> <name>} of each resource. */
  private List<String> list(Az az) throws InterruptedException {
    return az.run(commands.resources())
        .lines()
        .map(line -> line.replace('\t', ' ').strip())
        .toList();
  }

  private static boolean contains(List<String> resources, String type, String name) {
    return resources.stream().anyMatch((type + " " + name)::equalsIgnoreCase);
  }

  /**
   * Returns the resources that a deletion would delete, each as {@code <type> <name>}; empty when
   * there is no group.
   *
   * @throws CoracleException if the resource group is not this app's
   */
  public Optional<List<String>> contents() throws InterruptedException {
    Az az = program.get();
    if (!exists(az)) {
      return Optional.empty();
    }
    requireOurs(az);
    return Optional.of(list(az));
  }

  /** Returns the name of the subscription that az is set to, which the other methods use. */
  public String subscription() throws InterruptedException {
    return program.get().run(AzCommands.SUBSCRIPTION).strip();
  }

  /**
   * Deletes the resource group with everything in it; returns false when there is none.
   *
   * @param wait whether to wait until Azure has finished
   * @throws CoracleException if the resource group is not this app's, or az fails
   */
  public boolean delete(boolean wait) throws InterruptedException {
    Az az = program.get();
    if (!exists(az)) {
      return false;
    }
    requireOurs(az);
    az.run(commands.deleteGroup(wait));
    return true;
  }
}
