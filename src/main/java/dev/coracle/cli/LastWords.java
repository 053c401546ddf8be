// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.io.PrintWriter;
import java.util.function.Supplier;

/**
 * Prints a text when Ctrl-C or SIGTERM ends the program before {@link #close}: resources created in
 * the cloud do not end with it.
 */
final class LastWords implements AutoCloseable {

  private final Thread hook;

  /** Prepares the text, which is requested at that time, from another thread; empty for none. */
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
      // the JVM is ending, and the text is being printed
    }
  }
}
