// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Soak;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Opens and runs 50,000 damaged models in processes of their own: none of those that pass the
 * checks may end a process. A file that does is kept in target/soak. {@code -Dcoracle.soak.seed=N}
 * takes other files.
 */
@EnabledOnOs(OS.LINUX) // ulimit
class ModelMutationSoakIT {

  private static final int FILES = 50_000;
  private static final int FILES_A_CHILD = 5_000;

  /** A model is a program and may run for ever; it may not load for ever. */
  private static final int SECONDS_TO_RUN = 10;

  private static final int SECONDS_TO_LOAD = 60;

  /**
   * Address space of a child: what a model asks for beyond that fails, instead of filling the
   * machine.
   */
  private static final int CHILD_KILOBYTES = 12 << 20;

  private static final Path ARTEFACTS = Path.of("target", "soak");

  private final long seed = Long.getLong("coracle.soak.seed", 1);
  private final ModelMutator mutator = new ModelMutator(SoakModels.all());
  private final Map<String, Integer> outcomes = new TreeMap<>();
  private final List<String> deaths = new ArrayList<>();

  @Test
  void open_mutatedFiles_neverEndTheProcess(@TempDir Path folder)
      throws IOException, InterruptedException {
    int files = Soak.rounds(FILES);
    long start = System.nanoTime();
    int next = 0;
    while (next < files) {
      next = child(next, Math.min(files, next + FILES_A_CHILD), folder);
    }
    System.out.printf(
        "seed %d, %d files, %d s: %s%n",
        seed, files, (System.nanoTime() - start) / 1_000_000_000, outcomes);

    assertThat(deaths).isEmpty();
    assertThat(outcomes.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(files);
    assertThat(outcomes).containsKeys("refused", "unloadable", "ran");
  }

  /** Runs a child until it ends, and returns the number of the file that the next begins with. */
  private int child(int first, int last, Path folder) throws IOException, InterruptedException {
    Path errors = folder.resolve("child-" + first + ".err");
    ProcessBuilder builder =
        new ProcessBuilder(
            "sh",
            "-c",
            "ulimit -v " + CHILD_KILOBYTES + " && exec \"$0\" \"$@\"",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + ARTEFACTS.toAbsolutePath().resolve("hs_err_%p.log"),
            SoakChild.class.getName(),
            Long.toString(seed),
            Integer.toString(first),
            Integer.toString(last),
            folder.toString());
    builder
        .environment()
        .put(
            "CLASSPATH",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    Files.createDirectories(ARTEFACTS);
    Process process = builder.redirectError(errors.toFile()).start();
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    AtomicBoolean late = new AtomicBoolean();
    int number = first;
    String doing = "start";
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      while (true) {
        ScheduledFuture<?> deadline =
            clock.schedule(
                () -> {
                  late.set(true);
                  process.destroyForcibly();
                },
                doing.equals("run") ? SECONDS_TO_RUN : SECONDS_TO_LOAD,
                TimeUnit.SECONDS);
        String line = lines.readLine();
        deadline.cancel(false);
        if (line == null) {
          break;
        }
        String[] words = line.split(" ", -1);
        if (!words[0].equals("soak")) {
          continue;
        }
        doing = words[1];
        if (!List.of("started", "load", "run").contains(doing)) {
          number = Integer.parseInt(words[2]) + 1;
          outcomes.merge(doing, 1, Integer::sum);
        }
      }
    } finally {
      clock.shutdownNow();
    }
    int status = process.waitFor();
    if (number == last) {
      return last;
    }
    byte[] killer = mutator.mutant(seed, number);
    Files.write(ARTEFACTS.resolve("killer-%d-%d.onnx".formatted(seed, number)), killer);
    String how = late.get() ? "slow to " + doing : "died";
    outcomes.merge(how, 1, Integer::sum);
    if (!late.get() || !doing.equals("run")) {
      deaths.add("file %d (%s), status %d: %s".formatted(number, doing, status, lastLines(errors)));
    }
    return number + 1;
  }

  private static List<String> lastLines(Path file) throws IOException {
    // Not UTF-8: ONNX Runtime quotes what the damaged file says.
    List<String> lines = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    return lines.subList(Math.max(0, lines.size() - 5), lines.size());
  }
}
