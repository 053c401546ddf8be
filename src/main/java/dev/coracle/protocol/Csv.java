// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

/** Reads CSV: one image per line, its numbers separated by commas. */
final class Csv {

  /** Longest field; the exact value of a float32 has 150 digits at most. */
  private static final int MAX_FIELD = 1000;

  private final byte[] text;
  private final NumberImages images;
  private final char[] field = new char[MAX_FIELD];
  private int at;
  private int line = 1;

  private Csv(byte[] text, NumberImages images) {
    this.text = text;
    this.images = images;
    this.at = Utf8.start(text);
  }

  /**
   * Reads a whole body; blank lines are skipped. Lines end with LF or CRLF.
   *
   * @param header whether the first line is a header, not an image
   */
  static void read(byte[] body, boolean header, NumberImages images) {
    Utf8.check(body);
    Csv csv = new Csv(body, images);
    if (header) {
      csv.toEndOfLine();
    }
    csv.read();
  }

  private void read() {
    while (at < text.length) {
      skipSpace();
      if (!atEndOfLine()) {
        image();
      }
      toEndOfLine();
    }
  }

  private void image() {
    int count = 1;
    number(count);
    while (!atEndOfLine()) {
      at++; // a comma, the only other character at which number() stops
      count++;
      number(count);
    }
    int expected = images.shape().pixels();
    if (count != expected) {
      throw RequestException.badRequest(
          "expected an image of %d numbers on each line, got %d on line %d"
              .formatted(expected, count, line));
    }
  }

  private void number(int column) {
    skipSpace();
    int from = at;
    int end = at; // after the last non-space character
    while (!atEndOfLine() && text[at] != ',') {
      boolean space = text[at] == ' ' || text[at] == '\t';
      at++;
      end = space ? end : at;
    }
    int length = end - from;
    float number = Float.NaN;
    if (length <= MAX_FIELD) {
      for (int i = 0; i < length; i++) {
        field[i] = (char) (text[from + i] & 0xff);
      }
      number = Decimal.parse(field, 0, length);
    }
    if (!Float.isFinite(number)) {
      throw RequestException.badRequest(
          "expected a number that a float32 can hold, got %s as field %d of line %d"
              .formatted(Quote.bytes(text, from, end), column, line));
    }
    images.add(number);
  }

  private void skipSpace() {
    while (at < text.length && (text[at] == ' ' || text[at] == '\t')) {
      at++;
    }
  }

  private boolean atEndOfLine() {
    return at == text.length
        || text[at] == '\n'
        || (text[at] == '\r' && (at + 1 == text.length || text[at + 1] == '\n'));
  }

  private void toEndOfLine() {
    while (at < text.length && text[at] != '\n') {
      at++;
    }
    at++;
    line++;
  }
}
