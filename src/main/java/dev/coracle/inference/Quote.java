// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

/** Makes texts from a file fit for a message: at most 80 characters, none that moves a cursor. */
final class Quote {

  private static final int MAX_LENGTH = 80;

  private Quote() {}

  static String text(String text) {
    return '"' + plain(text) + '"';
  }

  static String plain(String text) {
    String start = text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) + "…" : text;
    return start.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", "?");
  }
}
