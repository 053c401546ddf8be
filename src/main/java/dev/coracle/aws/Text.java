// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

/** Makes text from elsewhere safe to print. */
final class Text {

  private Text() {}

  /**
   * Returns the text on one line, without the characters that act on a terminal: Unicode's control
   * characters, and those that change the writing direction.
   */
  static String line(String text) {
    return text.replaceAll("\\s+", " ").replaceAll("[\\p{Cc}\\p{Cf}]", "?").strip();
  }
}
