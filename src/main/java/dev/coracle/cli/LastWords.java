// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.io.PrintWriter;

/**
 * Prints a text when Ctrl-C or SIGTERM ends the program before {@link #close}: what has been
 * created in the cloud does not end with it.
 */
final class LastWords implements AutoCloseable {

  private final Thread hook;
  private volatile String text = "";

  LastWords(PrintWriter err) {
    hook =
        new Thread(
            () -> {
              if (!text.isEmpty()) {
                err.println();
                err.println(text);
                err.flush();
              }
            },
            "coracle-last-words");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  void set(String words) {
    text = words;
  }

  String get() {
    return text;
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
