// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.dataset.Mnist;
import dev.coracle.report.DigitArt.Picture;
import java.io.ByteArrayOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TerminalTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private Terminal terminal(boolean progress) {
    PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    PrintWriter writer =
        new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    return new Terminal(writer, stream, writer, StandardCharsets.UTF_8, false, progress, true);
  }

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8).replace("\r\n", "\n");
  }

  @Test
  void draw_emptyRowsAroundADigit_areLeftOut() {
    byte[] pixels = new byte[20 * 3];
    for (int row = 10; row < 14; row++) {
      pixels[row * 3 + 1] = -1;
    }
    terminal(false).draw(List.of(new Picture(pixels, 20, 3, "1")));
    assertThat(printed()).isEqualTo("\n █\n █\n\n 1\n");
  }

  private void train(boolean progress, Path folder) {
    Path data =
        SmallMnist.write(folder.resolve("data"), SmallMnist.bars(40, 1), SmallMnist.bars(20, 2));
    Mnist mnist = Mnist.read(data);
    TrainingArguments arguments = new TrainingArguments();
    new CommandLine(arguments).parseArgs("--dry-run=true");
    new TrainingPipeline(terminal(progress), arguments, arguments.options().build(), mnist, data)
        .run(folder, folder);
  }

  /** Of rows of pictures. */
  private long captions() {
    return printed().lines().filter(line -> line.matches(" +\\d \\(\\d.*%\\)")).count();
  }

  @Test
  void train_onATerminal_drawsOneRowSoThatTheNumbersStay(@TempDir Path folder) {
    train(true, folder);
    assertThat(captions()).isEqualTo(1);
  }

  @Test
  void train_intoAFile_drawsAllSamples(@TempDir Path folder) {
    train(false, folder);
    assertThat(captions()).isEqualTo(2); // of three pictures each
  }
}
