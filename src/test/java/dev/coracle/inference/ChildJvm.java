// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs a class with the tests' class path in a JVM of its own, which writes to files in a folder.
 */
public record ChildJvm(Process process, Path folder, Path output) {

  /** Starts {@code main}; a crash of the JVM leaves a file {@code hs_err} in the folder. */
  public static ChildJvm start(Path folder, List<String> options, Class<?> main, Object... args)
      throws IOException {
    Path output = Files.createTempFile(folder, "child", ".txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx128m",
            "-XX:TieredStopAtLevel=1", // half the time to start
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + folder.resolve("hs_err_%p.log")));
    command.addAll(options);
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    Stream.of(args).map(Object::toString).forEach(command::add);
    ProcessBuilder child =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    child.environment().remove("XDG_CACHE_HOME");
    return new ChildJvm(child.start(), folder, output);
  }

  /** Waits until the child has written something. */
  public void awaitOutput() throws IOException, InterruptedException {
    while (Files.size(output) == 0 && process.isAlive()) {
      Thread.sleep(1);
    }
  }

  /** Waits for the end and returns the exit status. */
  public int await() throws InterruptedException {
    if (!process.waitFor(2, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("the child did not end");
    }
    return process.exitValue();
  }

  /** Returns what the child has written to both of its streams, without the JVM's warnings. */
  public List<String> lines() throws IOException {
    try (Stream<String> lines = Files.lines(output)) {
      return lines.filter(line -> !line.startsWith("WARNING: ")).toList();
    }
  }

  /** Returns the names of the files that a crash has left. */
  public List<String> crashes() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.startsWith("hs_err"))
          .toList();
    }
  }
}
