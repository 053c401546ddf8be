// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.coracle.CoracleException;
import dev.coracle.azure.Az.Step;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the stand-in for az is for sh")
@Timeout(60)
class AzTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir private Path folder;
  private StubAz stub;

  @BeforeEach
  void prepare() throws IOException {
    stub = StubAz.in(folder);
  }

  private Az az() {
    return Az.find(folder.toString());
  }

  /** Lets az start another program, as the script of some installations does, and wait for it. */
  private void hangs() throws IOException {
    stub.answer(
        "group-list",
        "sleep 600 & echo $! > '%s/new'; mv '%1$s/new' '%1$s/pid'; wait".formatted(folder));
  }

  private ProcessHandle child() throws IOException, InterruptedException {
    Path file = folder.resolve("pid");
    while (!Files.exists(file)) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return ProcessHandle.of(Long.parseLong(Files.readString(file).strip())).orElseThrow();
  }

  @Test
  void run_words_reachTheProgramAsTheyAre() throws Exception {
    stub.answer("group-list", "echo \"$4\"");
    String word = "a b; $(touch x) 'c' \"d\" *";
    assertThat(az().run(new Step("asking", LONG, List.of("group", "list", "-n", word))))
        .isEqualTo(word + "\n");
  }

  @Test
  void run_muchOutput_isReadWhole() throws Exception {
    stub.answer("group-list", "seq 200000; seq 200000 >&2");
    assertThat(az().run(new Step("asking", LONG, List.of("group", "list")))).hasLineCount(200_000);
  }

  @Test
  void run_programThatAsks_getsNoAnswer() throws Exception {
    stub.answer("group-list", "read answer || echo \"no answer\"");
    assertThat(az().run(new Step("asking", LONG, List.of("group", "list"))))
        .isEqualTo("no answer\n");
  }

  @Test
  void run_failsWithoutAWord_saysSo() throws Exception {
    stub.answer("group-list", "exit 7");
    assertThatThrownBy(() -> az().run(new Step("asking", LONG, List.of("group", "list"))))
        .hasMessage("asking failed, az's exit status is 7: it said nothing");
  }

  @Test
  void run_overItsLimit_saysThatAzureMayGoOn() throws Exception {
    stub.answer("group-list", "exec sleep 600");
    Step step = new Step("asking", Duration.ofSeconds(1), List.of("group", "list"));
    assertThatThrownBy(() -> az().run(step))
        .isInstanceOf(CoracleException.class)
        .hasMessage(
            "asking: az did not end within 1 s; Azure may still be doing it: look there before you try again");
  }

  @Test
  void run_interrupted_endsTheProgramAndWhatItStarted() throws Exception {
    hangs();
    Step step = new Step("asking", LONG, List.of("group", "list"));
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread thread = new Thread(() -> thrown.set(catchThrowable(() -> az().run(step))));
    thread.start();
    ProcessHandle child = child();
    thread.interrupt();
    thread.join();
    child.onExit().get();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
  }

  @Test
  void line_oddWords_areQuotedForAShell() throws Exception {
    Step step = new Step("", LONG, List.of("group", "list", "-n", "it's [].[a,b] *", ""));
    Process echo =
        new ProcessBuilder("sh", "-c", "az() { printf '%s|' \"$@\"; }; " + step.line()).start();
    assertThat(new String(echo.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("group|list|-n|it's [].[a,b] *||");
  }
}
