// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a process ends that is busy with models; {@link ExitSoakIT} asks more often. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "no SIGTERM, and no file to crash into")
class ExitTest {

  @ParameterizedTest
  @EnumSource
  void exit_anyTime_endsAsTold(Exits.During during, @TempDir Path folder)
      throws IOException, InterruptedException {
    Random random = new Random(0);
    for (int round = 0; round < 2; round++) {
      Exits.check(during, folder, random);
    }
  }
}
