// SPDX-License-Identifier: Apache-2.0
package dev.coracle.sagemaker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class LocalProgramTest {

  @TempDir private Path folder;

  private final BlockingQueue<String> log = new LinkedBlockingQueue<>();

  private LocalProgram start(String script) throws Exception {
    LocalProgram program =
        LocalProgram.start(List.of("sh", "-c", script), "x", Map.of(), folder, log::add);
    assertThat(log.take()).isEqualTo("ready");
    return program;
  }

  @Test
  @Timeout(60)
  void terminate_programThatPrintsAfterSigterm_isHeardToItsEnd() throws Exception {
    LocalProgram program =
        start(
            """
            trap 'sleep 0.3; echo bye; exit 0' TERM
            echo ready
            while :; do sleep 0.05; done
            """);
    assertThat(program.terminate(30_000)).isTrue();
    assertThat(program.waitFor()).isZero();
    assertThat(log).containsExactly("bye");
  }

  @Test
  @Timeout(60)
  void kill_programThatDoesNotListen_hasEndedOnReturn() throws Exception {
    LocalProgram program = start("trap '' TERM; echo ready; exec sleep 300");
    assertThat(program.terminate(50)).isFalse();
    program.kill();
    assertThat(program.isAlive()).isFalse();
  }

  /** Neither gone nor a zombie. */
  private static boolean isRunning(Path state) throws IOException {
    try {
      return !Files.readString(state).contains(") Z ");
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  @Test
  @Timeout(60)
  void kill_scriptAroundAProgram_endsBoth() throws Exception {
    LocalProgram program = start("sleep 300 & echo ready; echo $!; wait");
    long child = Long.parseLong(log.take());
    program.kill();
    assertThat(program.isAlive()).isFalse();
    Path state = Path.of("/proc/" + child + "/stat");
    assumeTrue(Files.exists(Path.of("/proc/self/stat")), "needs Linux's /proc");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (isRunning(state) && System.nanoTime() < end) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    assertThat(isRunning(state)).isFalse();
  }
}
