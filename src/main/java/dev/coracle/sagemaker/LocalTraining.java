// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import dev.coracle.CoracleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs a container's program on this machine as a training job of SageMaker's local mode does,
 * without Docker: a tree like {@code /opt/ml} for each host, the program with the argument {@code
 * train} in each, then {@code model.tar.gz} and {@code output.tar.gz}, the latter even if the job
 * failed.
 *
 * @param program the command to which {@code train} is appended
 * @param environment variables of the program besides those that SageMaker sets; none of this
 *     process's are handed on but those that a program needs to start
 * @param hyperparameters as SageMaker hands them on: every value a string
 * @param channels the folder of each
 * @param log gets the lines that the hosts print
 */
public record LocalTraining(
    List<String> program,
    Map<String, String> environment,
    Map<String, String> hyperparameters,
    Map<String, Path> channels,
    int hosts,
    Consumer<String> log) {

  /**
   * Exit statuses that count as success: a job stopped by Ctrl-C (130) is no failure in SageMaker's
   * own local mode either.
   */
  private static final List<Integer> GOOD = List.of(0, 130);

  private static final int SHOWN_REASON = 1024;

  /**
   * Runs the job to its end.
   *
   * @param root a folder that does not exist or is empty; the hosts' trees go below it
   * @param artifacts the folder for model.tar.gz and output.tar.gz
   * @return model.tar.gz
   * @throws CoracleException if a host ends with a status other than 0 or 130, with the reason that
   *     the program wrote; or if two hosts have written a file of the same name
   */
  public Path run(String jobName, Path root, Path artifacts) throws InterruptedException {
    return runIn(root.toAbsolutePath(), jobName, artifacts); // a program runs in its own folder
  }

  private Path runIn(Path root, String jobName, Path artifacts) throws InterruptedException {
    try {
      List<String> names = new ArrayList<>();
      for (int i = 1; i <= hosts; i++) {
        names.add("algo-" + i);
      }
      List<LocalProgram> running = new ArrayList<>();
      Exception failure = null;
      try {
        for (String host : names) {
          Path base = prepare(root.resolve(host), host, names);
          running.add(start(base, host, jobName));
        }
        awaitEnd(root, names, running);
      } catch (IOException | InterruptedException | RuntimeException e) {
        failure = e;
        throw e;
      } finally {
        running.forEach(LocalProgram::kill); // does nothing if it has ended
        packOutput(root, names, artifacts, failure);
      }
      Path model = artifacts.resolve("model.tar.gz");
      pack(root, names, "model", model);
      return model;
    } catch (IOException e) {
      throw new CoracleException(
          "cannot run a training job in %s: %s".formatted(root, CoracleException.reason(e)), e);
    }
  }

  private Path prepare(Path base, String host, List<String> names) throws IOException {
    Path config = Files.createDirectories(base.resolve("input/config"));
    for (String folder : List.of("model", "output/data", "checkpoints", "input/data")) {
      Files.createDirectories(base.resolve(folder));
    }
    Map<String, Object> inputData = new LinkedHashMap<>();
    for (Map.Entry<String, Path> channel : channels.entrySet()) {
      inputData.put(channel.getKey(), Map.of("TrainingInputMode", "File"));
      Files.createSymbolicLink(
          base.resolve("input/data").resolve(channel.getKey()),
          channel.getValue().toAbsolutePath());
    }
    Files.writeString(config.resolve("hyperparameters.json"), Json.write(hyperparameters));
    Files.writeString(config.resolve("inputdataconfig.json"), Json.write(inputData));
    Files.writeString(
        config.resolve("resourceconfig.json"),
        Json.write(
            Map.of(
                "current_host",
                host,
                "hosts",
                names,
                "network_interface_name",
                "eth0",
                "current_instance_type",
                "local")));
    return base;
  }

  private LocalProgram start(Path base, String host, String jobName) throws IOException {
    Map<String, String> variables = new TreeMap<>(environment);
    variables.put(ContainerFolders.BASE_DIR, base.toString());
    variables.put("TRAINING_JOB_NAME", jobName);
    variables.putIfAbsent("AWS_REGION", "us-east-1");
    String prefix = hosts == 1 ? "" : host + " | ";
    return LocalProgram.start(program, "train", variables, base, line -> log.accept(prefix + line));
  }

  /** Waits for all hosts or the first that fails, for which the others may be waiting. */
  private static void awaitEnd(Path root, List<String> names, List<LocalProgram> running)
      throws IOException, InterruptedException {
    List<Integer> waiting = new ArrayList<>();
    for (int i = 0; i < running.size(); i++) {
      waiting.add(i);
    }
    while (!waiting.isEmpty()) {
      for (Iterator<Integer> i = waiting.iterator(); i.hasNext(); ) {
        int host = i.next();
        if (!running.get(host).isAlive()) {
          String name = names.get(host);
          requireGood(root.resolve(name), name, running.get(host).waitFor());
          i.remove();
        }
      }
      Thread.sleep(20);
    }
  }

  private static void requireGood(Path base, String host, int status) throws IOException {
    if (GOOD.contains(status)) {
      return;
    }
    Path failure = new ContainerFolders(base).failure();
    String reason = Files.exists(failure) ? Files.readString(failure) : "no reason was given";
    String shown = reason.substring(0, Math.min(SHOWN_REASON, reason.length()));
    throw new CoracleException(
        "the training job failed on %s with exit status %d: %s"
            .formatted(host, status, shown.lines().findFirst().orElse("")));
  }

  /**
   * Packs the output of the hosts, however the job has ended.
   *
   * @param failure of the job, which takes precedence over a failure to pack; null for none
   */
  private static void packOutput(
      Path root, List<String> hosts, Path artifacts, @Nullable Exception failure)
      throws IOException {
    try {
      pack(root, hosts, "output", artifacts.resolve("output.tar.gz"));
    } catch (IOException | RuntimeException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
  }

  /** Packs the trees of all hosts into one archive, as SageMaker does. */
  private static void pack(Path root, List<String> hosts, String folder, Path archive)
      throws IOException {
    Path merged = root.resolve("merged");
    Files.createDirectories(merged.resolve(folder));
    for (String host : hosts) {
      if (Files.isDirectory(root.resolve(host).resolve(folder))) { // otherwise it was not started
        merge(root.resolve(host), folder, merged);
      }
    }
    ModelArchive.pack(merged.resolve(folder), archive);
  }

  /** Creates the folders of a host, and a link to each of its files. */
  private static void merge(Path base, String folder, Path merged) throws IOException {
    try (Stream<Path> content = Files.walk(base.resolve(folder))) {
      for (Path path : content.toList()) {
        Path name = base.relativize(path);
        Path place = merged.resolve(name);
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
          Files.createDirectories(place);
          continue;
        }
        if (folder.equals("model") && Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
          throw new CoracleException("two hosts wrote %s; only one may".formatted(name));
        }
        Files.deleteIfExists(place); // in the output the last host's file wins, as with the SDK
        Files.createSymbolicLink(place, path);
      }
    }
  }
}
