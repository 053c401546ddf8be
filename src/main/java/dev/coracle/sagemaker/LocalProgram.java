// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A program that runs as it would in a container: few variables, one stream of output. */
final class LocalProgram {

  /** What a program needs to start at all; a container would have its own. */
  private static final List<String> KEPT =
      List.of("PATH", "JAVA_HOME", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME");

  private final Process process;
  private final Thread reader;

  private LocalProgram(Process process, Thread reader) {
    this.process = process;
    this.reader = reader;
  }

  /**
   * Starts a program in a folder; {@code log} gets the lines that it prints.
   *
   * @param program a relative path is one from the folder of this process, not of the program
   */
  static LocalProgram start(
      List<String> program,
      String argument,
      Map<String, String> environment,
      Path folder,
      Consumer<String> log)
      throws IOException {
    List<String> command = new ArrayList<>(program);
    if (command.get(0).contains(File.separator)) { // else looked for in PATH
      command.set(0, Path.of(command.get(0)).toAbsolutePath().toString());
    }
    command.add(argument);
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().keySet().retainAll(KEPT);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    Thread reader = new Thread(() -> read(process, log), "coracle-local-log");
    reader.setDaemon(true);
    reader.start();
    return new LocalProgram(process, reader);
  }

  private static void read(Process process, Consumer<String> log) {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      lines.lines().forEach(log);
    } catch (IOException | UncheckedIOException e) {
      log.accept("(the output broke off: " + e.getMessage() + ")");
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for the end and the last line, and returns the exit status. */
  int waitFor() throws InterruptedException {
    int status = process.waitFor();
    reader.join(TimeUnit.SECONDS.toMillis(10)); // a child that it left may hold the pipe
    return status;
  }

  /** Sends SIGTERM and returns whether the program has ended within the time. */
  boolean terminate(long millis) throws InterruptedException {
    process.toHandle().destroy(); // Process.destroy closes the output, and its end would be lost
    return process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** Ends the program, if it has not ended, and what it has started: as a container would. */
  void kill() {
    List<ProcessHandle> children = process.descendants().toList();
    process.toHandle().destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    process.onExit().join(); // alone: a child that nobody waits for counts as alive
  }
}
