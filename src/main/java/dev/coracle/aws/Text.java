// SPDX-License-Identifier: Apache-2.0
package dev.coracle.aws;

/** Makes text that came from elsewhere safe to print. */
final class Text {

  private Text() {}

  /**
   * Returns the text on one line, without the characters that a terminal would obey: Unicode's
   * control characters, and those that turn the direction of writing.
   */
  static String line(String text) {
    return text.replaceAll("\\s+", " ").replaceAll("[\\p{Cc}\\p{Cf}]", "?").strip();
  }
}
