// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StatusLineTest {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private StatusLine line(boolean progress) {
    PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    PrintWriter writer =
        new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
    return new StatusLine(
        new Terminal(writer, stream, writer, StandardCharsets.UTF_8, false, progress, true));
  }

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void status_noTerminal_printsEachNewStatusOnce() {
    try (StatusLine line = line(false)) {
      line.status("Starting");
      line.status("Starting");
      line.line("a line");
      line.status("Training");
    }
    assertThat(printed().lines()).containsExactly("Starting", "a line", "Training");
  }

  @Test
  void line_onATerminal_standsAboveTheStatus_whichGoesInTheEnd() {
    try (StatusLine line = line(true)) {
      line.status("Training");
      line.line("a line");
    }
    assertThat(printed().replaceAll("\\d:\\d\\d", "TIME").replace(ProgressLine.CLEAR, "<"))
        .isEqualToNormalizingNewlines("<TIME  Training<a line\n<TIME  Training<");
  }
}
