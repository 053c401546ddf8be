// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

/**
 * Makes text from a file safe to show in a message: not too long, and without characters that move
 * the cursor.
 */
final class Quote {

  private static final int MAX_LENGTH = 80;

  private Quote() {}

  static String text(String text) {
    return '"' + plain(text) + '"';
  }

  static String plain(String text) {
    return plain(text, MAX_LENGTH);
  }

  static String plain(String text, int maxLength) {
    String start = text.length() > maxLength ? text.substring(0, maxLength) + "…" : text;
    StringBuilder harmless = new StringBuilder(start.length());
    start.codePoints().forEach(c -> harmless.appendCodePoint(movesCursor(c) ? '?' : c));
    return harmless.toString();
  }

  private static boolean movesCursor(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          true;
      default -> false;
    };
  }
}
