// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Holds a media type (RFC 9110, 8.3.1).
 *
 * @param name type and subtype, {@code text/csv}, in lower case
 * @param parameters by name in lower case
 */
record MediaType(String name, Map<String, String> parameters) {

  /** Reads a header's value; returns null for one that is malformed or has a parameter twice. */
  static @Nullable MediaType parse(String header) {
    Reader reader = new Reader(header);
    String type = reader.token();
    if (type.isEmpty() || !reader.take('/')) {
      return null;
    }
    String subtype = reader.token();
    if (subtype.isEmpty()) {
      return null;
    }
    Map<String, String> parameters = reader.parameters();
    return parameters == null
        ? null
        : new MediaType((type + '/' + subtype).toLowerCase(Locale.ROOT), parameters);
  }

  @Nullable String parameter(String parameter) {
    return parameters.get(parameter);
  }

  /** Reads a header from left to right. */
  private static final class Reader {

    private final String text;
    private int at;

    Reader(String text) {
      this.text = text.strip();
    }

    /** Reads the longest token (RFC 9110, 5.6.2) from here, which may be empty. */
    String token() {
      int from = at;
      while (at < text.length() && isTokenCharacter(text.charAt(at))) {
        at++;
      }
      return text.substring(from, at);
    }

    private static boolean isTokenCharacter(char c) {
      return (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    boolean take(char c) {
      boolean here = at < text.length() && text.charAt(at) == c;
      at += here ? 1 : 0;
      return here;
    }

    private void skipSpace() {
      while (take(' ') || take('\t')) {}
    }

    @Nullable Map<String, String> parameters() {
      if (at == text.length()) {
        return Map.of();
      }
      Map<String, String> parameters = new HashMap<>();
      while (at < text.length()) {
        skipSpace();
        if (!take(';')) {
          return null;
        }
        skipSpace();
        String name = token().toLowerCase(Locale.ROOT);
        if (name.isEmpty()) {
          continue; // the grammar allows empty parameters
        }
        String value = take('=') ? value() : null;
        if (value == null || parameters.put(name, value) != null) {
          return null;
        }
      }
      return parameters;
    }

    private @Nullable String value() {
      if (!take('"')) {
        String token = token();
        return token.isEmpty() ? null : token;
      }
      StringBuilder value = new StringBuilder();
      while (!take('"')) {
        take('\\');
        if (at == text.length()) {
          return null;
        }
        value.append(text.charAt(at++));
      }
      return value.toString();
    }
  }
}
