// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.Soak;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ends 200 processes that are busy with models. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "no SIGTERM, and no file to crash into")
class ExitSoakIT {

  @ParameterizedTest
  @EnumSource(
      value = Exits.During.class,
      names = {"OPENING", "RUNNING", "CLOSING", "SIGTERM"})
  void exit_again_endsAsTold(Exits.During during, @TempDir Path folder)
      throws IOException, InterruptedException {
    Random random = new Random(1);
    for (int round = Soak.rounds(50); round > 0; round--) {
      Exits.check(during, folder, random);
    }
  }
}
