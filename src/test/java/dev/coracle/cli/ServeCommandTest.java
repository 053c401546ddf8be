// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.inference.TestModel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code serve} says of bad options; how it serves and stops is tested in its package. */
@Timeout(60)
class ServeCommandTest {

  private final Path folder;

  ServeCommandTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @ParameterizedTest
  @CsvSource({
    "--port, 70000, from 0 to 65535",
    "--port, -1, from 0 to 65535",
    "--port, x, x",
    "--name, a b, letters",
    "--max-body-bytes, 0, whole number from 1",
    "--max-body-bytes, 2000000000, from 1 to 1073741824",
    "--max-queue, many, whole number from 1",
    "--max-batch, 70000, from 1 to 65536",
    "--deadline, 0, whole number from 1",
    "--drain, -5, whole number from 1"
  })
  void badOption_namesOptionValueAndExpectation(String option, String value, String expectation)
      throws IOException {
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    Cli cli = Cli.run("serve", "--model", model, option, value);
    assertThat(cli.err()).contains(option, value, expectation);
    assertThat(cli.err().lines()).hasSize(1);
    assertThat(cli.status()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"--model, m.onnx", "--name, n"})
  void modelsDirWithAnOptionOfOneModel_isRefused(String option, String value) {
    Cli cli = Cli.run("serve", "--models-dir", folder, option, value);
    assertThat(cli.err()).contains("--models-dir", option).hasLineCount(1);
    assertThat(cli.status()).isEqualTo(2);
  }

  @Test
  void modelThatIsMissingOrNone_isSaidInOneLine() throws IOException {
    Path none = Files.writeString(folder.resolve("none.onnx"), "hello");
    for (Path model : new Path[] {folder.resolve("missing.onnx"), none}) {
      Cli cli = Cli.run("serve", "--port", 0, "--model", model);
      assertThat(cli.err()).contains(model.toString()).hasLineCount(1);
      assertThat(cli.status()).isEqualTo(1);
    }
  }

  @Test
  void modelsDirThatIsNone_isSaidInOneLine() {
    Cli cli = Cli.run("serve", "--port", 0, "--models-dir", folder.resolve("missing"));
    assertThat(cli.err()).contains("missing", "folder").hasLineCount(1);
    assertThat(cli.status()).isEqualTo(1);
  }

  @Test
  void portThatIsTaken_isSaidInOneLine() throws IOException {
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Cli cli = Cli.run("serve", "--port", taken.getLocalPort(), "--model", model);
      assertThat(cli.err())
          .isEqualToNormalizingNewlines(
              "coracle: port %d on 127.0.0.1 is already in use; choose another with --port\n"
                  .formatted(taken.getLocalPort()));
      assertThat(cli.status()).isEqualTo(1);
    }
  }

  @Test
  void portThatIsTaken_modelIsBadToo_saysWhatAnotherPortDoesNotMend() throws IOException {
    Path none = Files.writeString(folder.resolve("none.onnx"), "hello");
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      for (Path model : new Path[] {folder.resolve("missing.onnx"), none}) {
        Cli cli = Cli.run("serve", "--port", taken.getLocalPort(), "--model", model);
        assertThat(cli.err()).startsWith("coracle: " + model).hasLineCount(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"192.0.2.1", "no host"}) // the first is for documentation: nobody's
  void addressOfAnotherMachine_isSaidInOneLine(String host) throws IOException {
    Path model = TestModel.mnist().write(folder.resolve("model.onnx"));
    Cli cli = Cli.run("serve", "--host", host, "--port", 0, "--model", model);
    assertThat(cli.err())
        .startsWith(
            "coracle: " + host + " is no address of this machine; choose another with --host")
        .hasLineCount(1);
    assertThat(cli.status()).isEqualTo(1);
  }

  /** A stream that takes nothing until it is let go, like a pipe that nobody reads. */
  @Test
  void lineWriter_streamIsStuck_losesLinesAndSaysHowMany() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    StringBuilder printed = new StringBuilder();
    OutputStream stuck =
        new OutputStream() {
          @Override
          public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
          }

          @Override
          public void write(byte[] bytes, int from, int count) {
            try {
              go.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            printed.append(new String(bytes, from, count, StandardCharsets.UTF_8));
          }
        };
    try (LineWriter lines = new LineWriter(new PrintStream(stuck, false))) {
      for (int i = 0; i < 100_000; i++) {
        lines.accept("line " + i); // does not wait
      }
      go.countDown();
    }
    long kept = printed.toString().lines().filter(line -> line.startsWith("line ")).count();
    // Where the printing thread starts late, its first text already reports a loss: so all count.
    long lost =
        Pattern.compile("\"lost_lines\":(\\d+)")
            .matcher(printed)
            .results()
            .mapToLong(report -> Long.parseLong(report.group(1)))
            .sum();
    assertThat(kept).isBetween(1L, 99_999L);
    assertThat(kept + lost).isEqualTo(100_000);
  }
}
