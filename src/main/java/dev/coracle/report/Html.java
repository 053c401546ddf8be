// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

/**
 * Collects markup that is both HTML and well-formed XML. Every text goes through {@link #text} or
 * {@link #escape}; {@link #add} is for markup only.
 */
final class Html {

  private final StringBuilder out = new StringBuilder();

  Html add(String markup) {
    out.append(markup);
    return this;
  }

  Html text(String text) {
    out.append(escape(text));
    return this;
  }

  /** Adds {@code <name>text</name>}; {@code tag} may carry attributes, already escaped. */
  Html element(String tag, String text) {
    int space = tag.indexOf(' ');
    String name = space < 0 ? tag : tag.substring(0, space);
    return add("<" + tag + ">").text(text).add("</" + name + ">");
  }

  /** Makes text safe between tags and in quoted attributes; U+FFFD replaces what XML forbids. */
  static String escape(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(c -> append(safe, c));
    return safe.toString();
  }

  private static void append(StringBuilder safe, int c) {
    switch (c) {
      case '&' -> safe.append("&amp;");
      case '<' -> safe.append("&lt;");
      case '>' -> safe.append("&gt;");
      case '"' -> safe.append("&quot;");
      case '\'' -> safe.append("&#39;");
      default -> safe.appendCodePoint(allowed(c) ? c : 0xFFFD);
    }
  }

  /** The characters of https://www.w3.org/TR/xml/#charsets without the C1 controls. */
  private static boolean allowed(int c) {
    return c == '\t'
        || c == '\n'
        || (c >= 0x20 && c < 0x7F)
        || (c >= 0xA0 && c < 0xD800)
        || (c >= 0xE000 && c <= 0xFFFD)
        || c >= 0x10000;
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
