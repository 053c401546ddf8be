// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(60)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no such signals")
class StopSignalTest {

  /** Starts a program, and does not end on the first signal. */
  static final class Stubborn {

    private Stubborn() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
      Process child = new ProcessBuilder("sleep", "60").start();
      CountDownLatch first = new CountDownLatch(1);
      StopSignal.handle(first::countDown);
      Runtime.getRuntime().addShutdownHook(new Thread(StopSignalTest::sleep));
      System.out.println(child.pid());
      first.await();
      System.out.println("stopping");
      sleep();
    }
  }

  private static void sleep() {
    try {
      TimeUnit.MINUTES.sleep(2);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void handle_secondSignal_endsTheProgramAndWhatItStarted() throws Exception {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    Stubborn.class.getName()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = process.inputReader()) {
      CompletableFuture<ProcessHandle> child =
          ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow().onExit();
      process.toHandle().destroy(); // the process's own would close its streams
      assertThat(out.readLine()).isEqualTo("stopping");
      assertThat(process.isAlive()).isTrue();
      process.toHandle().destroy();
      assertThat(process.waitFor()).isEqualTo(143);
      assertThat(child.get().isAlive()).isFalse();
    } finally {
      process.destroyForcibly();
    }
  }
}
