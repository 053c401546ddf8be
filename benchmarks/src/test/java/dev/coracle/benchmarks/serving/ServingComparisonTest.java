// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ServingComparisonTest {

  @TempDir private Path folder;

  @Test
  void execute_fileThatIsNotThere_saysWhichAndWhatToDo() {
    Path missing = folder.resolve("missing");
    assertThat(refusal("--model", missing.toString()))
        .startsWith(missing + " is no file;")
        .contains("train in the root first");
    assertThat(refusal("--print", missing.toString()))
        .startsWith(missing + " is no file;")
        .contains("the folder results");
  }

  @Test
  void execute_argumentsForACommandsJvm_pointToItsVariable() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    assertThat(
            refusal(
                "--model", file.toString(),
                "--command", file.toString(),
                "--server-jvm-arg", "-Xmx64m"))
        .startsWith("--command brings its JVM arguments")
        .contains("JAVA_OPTS");
  }

  /** Returns what stands above the usage. */
  private static String refusal(String... arguments) {
    StringWriter err = new StringWriter();
    int status =
        ServingComparison.commandLine().setErr(new PrintWriter(err, true)).execute(arguments);
    assertThat(status).isEqualTo(CommandLine.ExitCode.USAGE);
    return err.toString().lines().findFirst().orElseThrow();
  }
}
