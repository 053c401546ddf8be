// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;

/**
 * Prints a text when Ctrl-C or SIGTERM ends the program before {@link #close}: what has been
 * created in the cloud does not end with it.
 */
final class LastWords implements AutoCloseable {

  private final Thread hook;

  /** Asks for the text when the time has come, from another thread; empty for none. */
  LastWords(PrintWriter err, Supplier<String> words) {
    hook =
        new Thread(
            () -> {
              String text = words.get();
              if (!text.isEmpty()) {
                err.println();
                err.println(text);
                err.flush();
              }
            },
            "coracle-last-words");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // the JVM is ending, and the words are being said
    }
  }
}
