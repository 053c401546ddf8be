// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Says what a training job is to do, from SageMaker's files below {@code input/config} and from the
 * variables of the process. Missing or empty files count as those of a single host with defaults:
 * local modes write fewer. A variable {@code SM_…}, set by a toolkit, takes precedence over a file.
 *
 * @param hyperparameters decoded, by names in lower case with dashes; those for SageMaker's own
 *     toolkits are left out
 * @param channels by name, without those that the SDK reserves for code
 * @param hosts sorted, at least one
 * @param jobName null where the job has none
 * @param given the variables {@code SM_…} that the process has
 */
public record TrainingEnvironment(
    ContainerFolders folders,
    SortedMap<String, String> hyperparameters,
    SortedMap<String, Channel> channels,
    List<String> hosts,
    String currentHost,
    Map<String, @Nullable Object> resources,
    Map<String, @Nullable Object> inputData,
    @Nullable String jobName,
    SortedMap<String, String> given) {

  private static final List<String> RESERVED_CHANNELS = List.of("code", "sm_drivers", "recipe");

  private static final String CHANNEL_VARIABLE = "SM_CHANNEL_";

  /** How the data of a channel arrive: in a folder, or through a pipe that can be read once. */
  public record Channel(String name, Path path, boolean isPipe) {}

  /**
   * Reads the environment of this process.
   *
   * @throws CoracleException if a file or variable is malformed
   */
  public static TrainingEnvironment read(Map<String, String> environment) {
    ContainerFolders folders = ContainerFolders.of(environment);
    Map<String, @Nullable Object> resources =
        Json.readFile(folders.config().resolve("resourceconfig.json"));
    Map<String, @Nullable Object> inputData =
        Json.readFile(folders.config().resolve("inputdataconfig.json"));
    String current =
        Variables.text(
            environment, "SM_CURRENT_HOST", text(resources.get("current_host"), "algo-1"));
    return new TrainingEnvironment(
        folders,
        Hyperparameters.decode(
            Json.readFile(folders.config().resolve("hyperparameters.json")), environment),
        channels(folders, inputData, environment),
        hosts(resources, environment, current),
        current,
        resources,
        inputData,
        environment.get("TRAINING_JOB_NAME"),
        given(environment));
  }

  private static SortedMap<String, String> given(Map<String, String> environment) {
    SortedMap<String, String> given = new TreeMap<>(environment);
    given.keySet().removeIf(name -> !name.startsWith("SM_"));
    return given;
  }

  private static String text(@Nullable Object value, String otherwise) {
    return value instanceof String text && !text.isBlank() ? text : otherwise;
  }

  private static List<String> hosts(
      Map<String, @Nullable Object> resources, Map<String, String> environment, String current) {
    Object value = resources.get("hosts");
    String variable = Variables.text(environment, "SM_HOSTS", "");
    if (!variable.isEmpty()) {
      try {
        value = Json.read(variable);
      } catch (IOException e) {
        throw new CoracleException(
            "the variable SM_HOSTS is %s; expected a JSON array".formatted(variable), e);
      }
    }
    List<String> hosts = new ArrayList<>();
    if (value instanceof List<?> list) {
      list.forEach(host -> hosts.add(String.valueOf(host)));
    }
    if (hosts.isEmpty()) {
      hosts.add(current);
    }
    if (!hosts.contains(current)) {
      throw new CoracleException(
          "current_host is %s, which is none of the hosts %s; is resourceconfig.json of another job?"
              .formatted(current, hosts));
    }
    return hosts.stream().sorted().toList();
  }

  private static SortedMap<String, Channel> channels(
      ContainerFolders folders,
      Map<String, @Nullable Object> inputData,
      Map<String, String> environment) {
    SortedMap<String, Channel> channels = new TreeMap<>();
    inputData.forEach(
        (name, value) -> {
          Object mode = Json.object(value).get("TrainingInputMode");
          channels.put(name, channel(folders, name, "Pipe".equals(mode)));
        });
    if (channels.isEmpty()) {
      for (String name : subfolders(folders.data())) {
        channels.put(name, channel(folders, name, false));
      }
    }
    environment.forEach(
        (variable, path) -> {
          if (variable.startsWith(CHANNEL_VARIABLE) && !path.isBlank()) {
            String name = name(channels, variable.substring(CHANNEL_VARIABLE.length()));
            // A toolkit names a folder even for a channel that comes through a pipe.
            Channel known = channels.get(name);
            boolean isPipe = known != null && known.isPipe();
            channels.put(name, new Channel(name, Path.of(path), isPipe));
          }
        });
    channels.keySet().removeAll(RESERVED_CHANNELS);
    return channels;
  }

  /** Returns the name of the channel that a variable means: a toolkit writes it in capitals. */
  private static String name(Map<String, Channel> channels, String capitals) {
    return channels.keySet().stream()
        .filter(name -> name.equalsIgnoreCase(capitals))
        .findFirst()
        .orElse(capitals.toLowerCase(Locale.ROOT));
  }

  private static Channel channel(ContainerFolders folders, String name, boolean isPipe) {
    return new Channel(name, folders.data().resolve(name), isPipe);
  }

  private static List<String> subfolders(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> content = Files.list(folder)) {
      return content.filter(Files::isDirectory).map(path -> path.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new CoracleException(
          "cannot read the folder of the channels: " + CoracleException.reason(e), e);
    }
  }

  /** Returns the index of this host among the sorted hosts; host 0 writes the model. */
  public int rank() {
    return hosts.indexOf(currentHost);
  }

  /**
   * Returns the variables that AWS's training toolkit would set; SageMaker itself sets none of them
   * for a custom container. Those that the process already has are kept.
   *
   * @see <a
   *     href="https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md">
   *     the toolkit's list</a>
   */
  public SortedMap<String, String> variables() {
    SortedMap<String, String> all = new TreeMap<>();
    Path base = folders.base();
    all.put("SM_HOSTS", Json.write(hosts));
    all.put("SM_CURRENT_HOST", currentHost);
    all.put("SM_HOST_COUNT", Integer.toString(hosts.size()));
    all.put("SM_CURRENT_HOST_RANK", Integer.toString(rank()));
    all.put("SM_MASTER_ADDR", hosts.get(0));
    all.put("SM_MASTER_PORT", "7777");
    all.put("SM_NETWORK_INTERFACE_NAME", text(resources.get("network_interface_name"), "eth0"));
    all.put("SM_CURRENT_INSTANCE_TYPE", text(resources.get("current_instance_type"), ""));
    all.put("SM_CURRENT_INSTANCE_GROUP", text(resources.get("current_group_name"), ""));
    all.put("SM_RESOURCE_CONFIG", Json.write(resources));
    all.put("SM_INPUT_DATA_CONFIG", Json.write(inputData));
    all.put("SM_INPUT_DIR", base.resolve("input").toString());
    all.put("SM_INPUT_CONFIG_DIR", folders.config().toString());
    all.put("SM_MODEL_DIR", folders.model().toString());
    all.put("SM_OUTPUT_DIR", base.resolve("output").toString());
    all.put("SM_OUTPUT_DATA_DIR", folders.outputData().toString());
    all.put("SM_NUM_CPUS", Integer.toString(Runtime.getRuntime().availableProcessors()));
    all.put("SM_NUM_GPUS", Integer.toString(gpus()));
    all.put("SM_CHANNELS", Json.write(List.copyOf(channels.keySet())));
    channels.forEach((name, c) -> all.put(variable(CHANNEL_VARIABLE, name), c.path().toString()));
    all.put("SM_HPS", Json.write(hyperparameters));
    hyperparameters.forEach((name, value) -> all.put(variable("SM_HP_", name), value));
    all.putAll(given);
    return all;
  }

  /** Returns {@link #variables} for a log, with anything that looks like a secret hidden. */
  public SortedMap<String, String> loggedVariables() {
    SortedMap<String, String> logged = variables();
    logged.replaceAll(Secrets::hide);
    return logged;
  }

  private static String variable(String prefix, String name) {
    return prefix + name.toUpperCase(Locale.ROOT);
  }

  /** Counts the GPUs as the toolkit does. */
  private static int gpus() {
    try {
      Process process =
          new ProcessBuilder("nvidia-smi", "--list-gpus")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return (int) output.lines().filter(line -> line.startsWith("GPU ")).count();
    } catch (IOException e) {
      return 0; // no such program, so no driver
    }
  }
}
