// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import dev.coracle.CoracleException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs {@code az}, Azure's command line, which provides the login. Arguments are passed one by one,
 * not through a shell. It is ended with this process. Thread-safe.
 */
final class Az {

  private static final String PROGRAM = File.separatorChar == '\\' ? "az.cmd" : "az";

  /** Credentials of a storage account, in case az ever quotes them in an error. */
  private static final Pattern SECRET =
      Pattern.compile("\\b(sig|AccountKey|SharedAccessSignature)=[^&;\\s\"']+");

  private static final String ERROR = "ERROR:";

  private static final Pattern PLAIN = Pattern.compile("[\\w@%+=:,./-]+");

  private final Path program;

  /**
   * One call.
   *
   * @param what for messages: "creating storage account x"
   */
  record Step(String what, Duration limit, List<String> arguments) {

    /** Returns the command as a user would type it into a shell. */
    String line() {
      return arguments.stream().map(Step::quoted).collect(Collectors.joining(" ", "az ", ""));
    }

    private static String quoted(String word) {
      return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }
  }

  private Az(Path program) {
    this.program = program;
  }

  /**
   * Finds the program.
   *
   * @param path the value of the variable PATH
   * @throws CoracleException if it is not in any of the folders
   */
  static Az find(@Nullable String path) {
    for (String folder : (path == null ? "" : path).split(Pattern.quote(File.pathSeparator), -1)) {
      try {
        Path file = Path.of(folder, PROGRAM);
        if (!folder.isEmpty() && Files.isRegularFile(file) && Files.isExecutable(file)) {
          return new Az(file.toAbsolutePath());
        }
      } catch (InvalidPathException e) {
        // not a folder
      }
    }
    throw new CoracleException(
        "az, Azure's command line, is not on the PATH; install it (https://aka.ms/azure-cli) and run"
            + " 'az login'");
  }

  /**
   * Runs az to its end and returns its output.
   *
   * @throws CoracleException if az fails, with its own reason, or takes longer than the limit
   */
  String run(Step step) throws InterruptedException {
    try {
      Path out = Files.createTempFile("coracle-az", ".out");
      Path err = Files.createTempFile("coracle-az", ".err");
      try {
        int status = await(start(step.arguments(), out, err), step);
        if (status != 0) {
          throw failure(step.what(), status, read(err));
        }
        return read(out);
      } finally {
        Files.deleteIfExists(out);
        Files.deleteIfExists(err);
      }
    } catch (IOException e) {
      throw new CoracleException(
          "%s: cannot run %s: %s".formatted(step.what(), program, CoracleException.reason(e)), e);
    }
  }

  private Process start(List<String> arguments, Path out, Path err) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    process.getOutputStream().close(); // az must not prompt
    return process;
  }

  private static int await(Process process, Step step) throws InterruptedException {
    Thread hook = new Thread(() -> end(process), "coracle-az-end");
    boolean hooked = false;
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      hooked = true;
      if (!process.waitFor(step.limit().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new CoracleException(
            "%s: az did not end within %d s; Azure may still be doing it: look there before you try again"
                .formatted(step.what(), step.limit().toSeconds()));
      }
      return process.exitValue();
    } finally {
      end(process);
      if (hooked) {
        removeHook(hook);
      }
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the JVM is ending, and the hook is running
    }
  }

  /** Ends the program and its descendants, as it may be a script that runs another one. */
  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }

  private static String read(Path file) throws IOException {
    return SECRET
        .matcher(new String(Files.readAllBytes(file), Charset.defaultCharset()))
        .replaceAll("$1=…");
  }

  private static CoracleException failure(String what, int status, String err) {
    IOException all = new IOException("az ended with exit status %d: %s".formatted(status, err));
    if (err.contains("az login")) {
      return new CoracleException(
          "%s: az is not logged in; run 'az login', then this again".formatted(what), all);
    }
    return new CoracleException(
        "%s failed, az's exit status is %d: %s".formatted(what, status, reason(err)), all);
  }

  /** Returns the last error; hints and traces follow it, warnings precede it. */
  private static String reason(String err) {
    List<String> lines = err.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    for (int i = lines.size() - 1; i >= 0; i--) {
      if (lines.get(i).startsWith(ERROR)) {
        return lines.get(i).substring(ERROR.length()).strip();
      }
    }
    return lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1);
  }
}
