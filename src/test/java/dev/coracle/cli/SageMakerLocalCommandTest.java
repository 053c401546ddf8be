// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What {@code sagemaker local} shows of a program; SageMakerIT has the whole flow. */
@DisabledOnOs(OS.WINDOWS) // the program is for sh
@Timeout(60)
class SageMakerLocalCommandTest {

  private static final String VARIABLES = "SM_HOSTS=[\"algo-1\",\"algo-2\"]";

  private final Path folder;

  SageMakerLocalCommandTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private Cli local(Object... options) throws IOException {
    Path data = folder.resolve("data");
    SmallMnist.write(data, SmallMnist.bars(20, 1), SmallMnist.bars(10, 2));
    Path program = folder.resolve("program");
    Files.writeString(
        program,
        "#!/bin/sh\necho '%s'; echo SM_HP_BATCH-SIZE=3; echo SM_ is said; exit 1\n"
            .formatted(VARIABLES));
    assertThat(program.toFile().setExecutable(true)).isTrue();
    List<Object> args = new ArrayList<>(List.of("sagemaker", "local", "--data-dir", data));
    args.addAll(List.of("--output-dir", folder.resolve("out")));
    args.addAll(List.of(options));
    args.addAll(List.of("--program", program));
    return Cli.run(args.toArray());
  }

  @Test
  void local_variablesOfTheContainer_areForVerboseAlone() throws IOException {
    assertThat(local().out()).contains("  | SM_ is said").doesNotContain("SM_H");
    assertThat(local("--hosts", 2).out())
        .contains("  | algo-1 | SM_ is said")
        .doesNotContain("SM_H");
    assertThat(local("--verbose").out())
        .contains("  | " + VARIABLES, "  | SM_HP_BATCH-SIZE=3", "  | SM_ is said");
  }
}
