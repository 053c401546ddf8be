// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a command printed and its exit status. */
record Cli(int status, String out, String err) {

  /** Runs a command in this process. */
  static Cli run(Object... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status =
        Main.run(
            new PrintStream(out, true, Charset.defaultCharset()),
            new PrintStream(err, true, Charset.defaultCharset()),
            strings(args).toArray(String[]::new));
    return new Cli(
        status, out.toString(Charset.defaultCharset()), err.toString(Charset.defaultCharset()));
  }

  /** Runs a command as a user does, in a JVM of its own. */
  static Cli fork(Object... args) throws IOException, InterruptedException {
    return forkWith(new String[0], args);
  }

  /** Runs a command in a JVM of its own that another program, such as a shell, starts. */
  static Cli forkWith(String[] starter, Object... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(starter));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1"); // as pom.xml says of the tests' own JVMs
    command.add("--enable-native-access=ALL-UNNAMED");
    Collections.addAll(
        command,
        "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        Main.class.getName());
    command.addAll(strings(args));
    Path out = Files.createTempFile("coracle", ".out");
    Path err = Files.createTempFile("coracle", ".err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    if (!process.waitFor(10, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("the command did not end: " + command);
    }
    Cli result = new Cli(process.exitValue(), Files.readString(out), Files.readString(err));
    Files.delete(out);
    Files.delete(err);
    return result;
  }

  /** The command must have ended with a status, and said why on one line that has the words. */
  void assertOneLine(int expected, String... words) {
    assertThat(err).startsWith("coracle: ").contains(words);
    assertThat(err.lines()).hasSize(1);
    assertThat(status).isEqualTo(expected);
  }

  private static List<String> strings(Object... args) {
    return Arrays.stream(args).map(Object::toString).toList();
  }
}
