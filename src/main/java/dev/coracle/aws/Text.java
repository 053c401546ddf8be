// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

/** Makes text that came from elsewhere safe to print. */
final class Text {

  private Text() {}

  /** Returns the text on one line, without the control characters that a terminal would obey. */
  static String line(String text) {
    return text.replaceAll("\\s+", " ").replaceAll("\\p{Cntrl}", "?").strip();
  }
}
