// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.charset.StandardCharsets;

/** Makes parts of a request safe to show in a message: short, in printable ASCII. */
final class Quote {

  private static final int MAX_LENGTH = 40;

  private Quote() {}

  /** Returns the beginning of a text, in quotation marks. */
  static String text(String text) {
    StringBuilder quoted = new StringBuilder(MAX_LENGTH + 5).append('"');
    for (int i = 0; i < Math.min(text.length(), MAX_LENGTH); i++) {
      char c = text.charAt(i);
      quoted.append(c >= ' ' && c <= '~' && c != '"' ? c : '?');
    }
    return quoted.append(text.length() > MAX_LENGTH ? "..." : "").append('"').toString();
  }

  /** Returns the beginning of the bytes from one index to another, in quotation marks. */
  static String bytes(byte[] bytes, int from, int to) {
    int shown = Math.min(to - from, MAX_LENGTH + 1);
    return text(new String(bytes, from, shown, StandardCharsets.ISO_8859_1));
  }

  /** Returns a text with ? for each unpaired surrogate. */
  static String wellFormed(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
