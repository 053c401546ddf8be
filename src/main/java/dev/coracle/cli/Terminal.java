// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.report.DigitArt;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Says where to print and what the place can show. Progress and colour only on a terminal, plain
 * lines otherwise; NO_COLOR and CLICOLOR_FORCE are heeded, since picocli decides.
 */
record Terminal(PrintWriter writer, Charset charset, boolean interactive) {

  static Terminal of(PrintStream stream) {
    Charset charset = consoleCharset();
    return new Terminal(
        new PrintWriter(new OutputStreamWriter(stream, charset), true),
        charset,
        (stream.equals(System.out) || stream.equals(System.err)) && Ansi.AUTO.enabled());
  }

  /** JDK 19 and newer name the console's charset; older ones encode as the default says. */
  private static Charset consoleCharset() {
    String name = System.getProperty("stdout.encoding");
    return name == null ? Charset.defaultCharset() : Charset.forName(name);
  }

  /** Returns the columns for pictures: the terminal's, or a sane number where there is none. */
  int width() {
    return interactive
        ? CommandSpec.create().usageMessage().autoWidth(true).width()
        : DigitArt.DEFAULT_WIDTH;
  }

  void println(String line) {
    writer.println(line);
  }

  void printf(String format, Object... arguments) {
    writer.printf(Locale.ROOT, format, arguments);
    writer.flush();
  }
}
