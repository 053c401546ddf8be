// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
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
  void execute_whatCouldOnlyFailAtTheEnd_isRefusedAtOnce() {
    assertThat(refusal("--rounds", "0")).isEqualTo("--rounds: expected 1 or more, got 0");
    assertThat(refusal("--only", "raw", "--picture", folder.resolve("a.svg").toString()))
        .startsWith("--picture draws the part curve");
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
