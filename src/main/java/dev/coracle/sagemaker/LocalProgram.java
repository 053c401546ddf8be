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

/** A program run as in a container: with few environment variables and a single output stream. */
final class LocalProgram {

  /** Variables that a program needs in order to start; a container would have its own. */
  private static final List<String> KEPT =
      List.of("PATH", "JAVA_HOME", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME");

  private final Process process;
  private final Thread reader;

  private LocalProgram(Process process, Thread reader) {
    this.process = process;
    this.reader = reader;
  }

  /**
   * Starts a program in a folder; {@code log} receives the lines that it prints.
   *
   * @param program a relative path is resolved against the folder of this process, not of the
   *     program
   */
  static LocalProgram start(
      List<String> program,
      String argument,
      Map<String, String> environment,
      Path folder,
      Consumer<String> log)
      throws IOException {
    List<String> command = new ArrayList<>(program);
    if (command.get(0).contains(File.separator)) { // otherwise it is looked up in PATH
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

  /** Waits for the end of the program and its last line, and returns the exit status. */
  int waitFor() throws InterruptedException {
    int status = process.waitFor();
    reader.join(TimeUnit.SECONDS.toMillis(10)); // no longer: a child may keep the pipe open
    return status;
  }

  /** Sends SIGTERM and returns whether the program has ended within the time. */
  boolean terminate(long millis) throws InterruptedException {
    process.toHandle().destroy(); // Process.destroy would close the output and lose its end
    return process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /**
   * Kills the program, if it still runs, and all processes that it has started, as the end of a
   * container would.
   */
  void kill() {
    List<ProcessHandle> children = process.descendants().toList();
    process.toHandle().destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    process.onExit().join(); // only this one: a child that nobody reaps counts as alive
  }
}
