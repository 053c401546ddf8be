// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

/** Reads JSON lines: one image per line, as an array of numbers or an object that holds one. */
final class JsonLines {

  private JsonLines() {}

  /** Reads a whole body; blank lines are skipped. */
  static void read(byte[] body, NumberImages images) {
    Utf8.check(body);
    int number = 1;
    int from = Utf8.start(body);
    while (from < body.length) {
      int end = from;
      boolean blank = true;
      for (; end < body.length && body[end] != '\n'; end++) {
        blank &= body[end] == ' ' || body[end] == '\t' || body[end] == '\r';
      }
      if (!blank) {
        JsonInput.read(
            body,
            from,
            end,
            number,
            input -> {
              JsonImages.readOne(input, images);
              return images;
            });
      }
      from = end + 1;
      number++;
    }
  }
}
