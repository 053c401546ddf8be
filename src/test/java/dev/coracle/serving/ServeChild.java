// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.cli.Main;
import dev.coracle.inference.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs {@code coracle serve} in a JVM of its own, on a free port. */
final class ServeChild implements AutoCloseable {

  private static final Pattern READY = Pattern.compile("http://127\\.0\\.0\\.1:(\\d+) ");

  private final ChildJvm child;
  private final int port;

  private ServeChild(ChildJvm child, int port) {
    this.child = child;
    this.port = port;
  }

  /** Starts it and returns when it serves. */
  static ServeChild start(Path folder, List<String> jvm, Path model, String... options)
      throws IOException, InterruptedException {
    List<Object> arguments =
        new ArrayList<>(List.of("serve", "--model", model, "--name", "model", "--port", "0"));
    arguments.addAll(List.of(options));
    ChildJvm child = ChildJvm.start(folder, jvm, Main.class, arguments.toArray());
    while (child.process().isAlive()) {
      Matcher ready = READY.matcher(Files.readString(child.output()));
      if (ready.find()) {
        return new ServeChild(child, Integer.parseInt(ready.group(1)));
      }
      Thread.sleep(5);
    }
    throw new AssertionError("the server did not start: " + child.lines());
  }

  int port() {
    return port;
  }

  boolean isAlive() {
    return child.process().isAlive();
  }

  /** Sends SIGTERM. */
  void terminate() {
    child.process().destroy();
  }

  int await() throws InterruptedException {
    return child.await();
  }

  /** Returns the lines of JSON that it has printed, one a request. */
  List<String> log() throws IOException {
    return child.lines().stream().filter(line -> line.startsWith("{")).toList();
  }

  /** Returns the other lines. */
  List<String> messages() throws IOException {
    return child.lines().stream().filter(line -> !line.startsWith("{")).toList();
  }

  /** Returns its resident memory in KiB, on Linux. */
  long residentKilobytes() throws IOException {
    Path status = Path.of("/proc", Long.toString(child.process().pid()), "status");
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no VmRSS in " + status);
  }

  /** Returns whether it still runs, or how it has ended, and what it has said. */
  String end() throws IOException {
    String state = isAlive() ? "runs" : "has ended with " + child.process().exitValue();
    return "the server " + state + ", crashes: " + child.crashes() + ", and said " + messages();
  }

  /** Checks that it has ended in order and that no crash has left a file. */
  void assertEndsInOrder() throws IOException, InterruptedException {
    terminate();
    assertThat(await()).as("exit status; %s", messages()).isZero();
    assertThat(child.crashes()).isEmpty();
  }

  @Override
  public void close() {
    child.process().destroyForcibly();
  }
}
