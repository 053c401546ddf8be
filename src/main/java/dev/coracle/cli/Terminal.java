// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.report.DigitArt;
import dev.coracle.report.DigitArt.Picture;
import java.io.Console;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Says where to print and what can be shown there: colour where picocli enables it (NO_COLOR and
 * CLICOLOR_FORCE are respected), progress bars on a terminal only, plain lines otherwise.
 */
record Terminal(
    PrintWriter writer,
    PrintStream stream,
    PrintWriter errors,
    Charset charset,
    boolean colour,
    boolean progress,
    boolean pictures) {

  static Terminal of(PrintStream stream, PrintStream errorStream) {
    Charset charset = consoleCharset();
    boolean terminal =
        stream.equals(System.out) && isTerminal() && !"dumb".equals(System.getenv("TERM"));
    return new Terminal(
        new PrintWriter(new OutputStreamWriter(stream, charset), true),
        stream,
        new PrintWriter(new OutputStreamWriter(errorStream, charset), true),
        charset,
        terminal && Ansi.AUTO.enabled(),
        terminal,
        true);
  }

  /** From JDK 22 on there may be a console that is not a terminal, and a method that tells. */
  @SuppressWarnings("SystemConsoleNull") // older JDKs may still return null
  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns a terminal for a log: no colour, progress or pictures, whatever can be shown. */
  Terminal plain() {
    return new Terminal(writer, stream, errors, charset, false, false, false);
  }

  /** Tells whether any output was lost. */
  boolean failed() {
    boolean lost = writer.checkError(); // flushes into the stream, which keeps its own record
    return stream.checkError() || lost;
  }

  /** JDK 19 and newer name the console's charset; older ones use the default charset. */
  static Charset consoleCharset() {
    String name = System.getProperty("stdout.encoding");
    return name == null ? Charset.defaultCharset() : Charset.forName(name);
  }

  /** Returns the columns for pictures: the terminal's width, or a default without a terminal. */
  int width() {
    return progress
        ? CommandSpec.create().usageMessage().autoWidth(true).width()
        : DigitArt.DEFAULT_WIDTH;
  }

  /**
   * Draws pictures below a blank line. Their empty rows would be many more, which push what was
   * printed before off the screen.
   */
  void draw(List<Picture> pictures) {
    String sheet = DigitArt.sheet(pictures, width(), DigitArt.Style.of(charset, colour));
    printf("%n%s", sheet.replaceFirst("^\n+", "").replaceAll("\n{3,}", "\n\n"));
  }

  void println(String line) {
    writer.println(line);
  }

  /** Prints a line to stderr. */
  void error(String line) {
    errors.println(line);
  }

  void printf(String format, Object... arguments) {
    writer.printf(Locale.ROOT, format, arguments);
    writer.flush();
  }
}
