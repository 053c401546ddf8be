// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the header of NumPy's file format (numpy.lib.format), versions 1.0 to 3.0: magic, version,
 * length, and a Python dictionary of descr, fortran_order and shape.
 *
 * @param data offset at which the elements begin
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record NpyHeader(NpyType type, ByteOrder order, boolean fortran, long[] shape, int data) {

  private static final int VERSION = 6; // after the magic; two bytes, of which the second is 0
  private static final int LENGTH = 8;

  /**
   * Reads the header of a file.
   *
   * @throws RequestException 400 if it is malformed or the elements are not numbers
   */
  static NpyHeader read(byte[] file) {
    if (file.length < LENGTH || !Arrays.equals(file, 0, 6, NpyWriter.MAGIC, 0, 6)) {
      throw malformed("one that does not begin with \\x93NUMPY and a version");
    }
    int version = file[VERSION];
    if (version < 1 || version > 3 || file[VERSION + 1] != 0) {
      throw malformed("version %d.%d".formatted(version & 0xff, file[VERSION + 1] & 0xff));
    }
    int lengthBytes = version == 1 ? 2 : 4;
    int start = LENGTH + lengthBytes;
    long length = 0;
    for (int i = start - 1; file.length >= start && i >= LENGTH; i--) { // little-endian
      length = length << 8 | (file[i] & 0xff);
    }
    if (start + length > file.length) {
      throw malformed("one that ends within its header");
    }
    int data = (int) (start + length);
    return new Dictionary(file, start, data).read(data);
  }

  private static RequestException malformed(String found) {
    return RequestException.badRequest(
        "expected an npy file of version 1.0, 2.0 or 3.0, got "
            + found
            + "; write it by numpy.save");
  }

  /** Reads the Python literal from left to right; each of the three keys must occur once. */
  private static final class Dictionary {

    private static final int MAX_SIZE_DIGITS = 10;

    private final String text;
    private int at;
    private @Nullable String descr;
    private @Nullable Boolean fortran;
    private long @Nullable [] shape;

    Dictionary(byte[] file, int from, int to) {
      this.text = new String(file, from, to - from, StandardCharsets.ISO_8859_1);
    }

    NpyHeader read(int data) {
      require('{');
      while (!take('}')) {
        String key = string();
        require(':');
        if (key.equals("descr") && descr == null) {
          descr = string();
        } else if (key.equals("fortran_order") && fortran == null) {
          fortran = bool();
        } else if (key.equals("shape") && shape == null) {
          shape = tuple();
        } else {
          throw fault();
        }
        if (!take(',')) {
          require('}');
          break;
        }
      }
      skipSpace();
      if (at != text.length() || descr == null || fortran == null || shape == null) {
        throw fault();
      }
      NpyType type = NpyType.of(descr);
      ByteOrder order = descr.charAt(0) == '>' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
      return new NpyHeader(type, order, fortran, shape, data);
    }

    private RequestException fault() {
      return malformed(
          "a header that is no dictionary of descr, fortran_order and shape at character " + at);
    }

    private void skipSpace() {
      while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\n')) {
        at++;
      }
    }

    private boolean take(char c) {
      skipSpace();
      boolean here = at < text.length() && text.charAt(at) == c;
      at += here ? 1 : 0;
      return here;
    }

    private void require(char c) {
      if (!take(c)) {
        throw fault();
      }
    }

    private String string() {
      skipSpace();
      if (at < text.length() && text.charAt(at) == '[') {
        throw RequestException.badRequest(
            "expected an npy array of plain numbers, got a structured one; send one of its fields");
      }
      char quote = take('"') ? '"' : '\'';
      if (quote == '\'') {
        require(quote);
      }
      int end = text.indexOf(quote, at);
      if (end < 0) {
        throw fault();
      }
      String string = text.substring(at, end);
      at = end + 1;
      return string;
    }

    private boolean bool() {
      skipSpace();
      boolean value = text.startsWith("True", at);
      if (!value && !text.startsWith("False", at)) {
        throw fault();
      }
      at += value ? "True".length() : "False".length();
      return value;
    }

    private long[] tuple() {
      long[] sizes = new long[ImageShape.MAX_RANK];
      int rank = 0;
      require('(');
      while (!take(')')) {
        if (rank == sizes.length) {
          throw RequestException.badRequest("expected an npy array of at most 4 axes, got more");
        }
        sizes[rank++] = size();
        if (!take(',')) {
          require(')');
          break;
        }
      }
      return Arrays.copyOf(sizes, rank);
    }

    private long size() {
      skipSpace();
      int from = at;
      while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
        at++;
      }
      if (at == from || at - from > MAX_SIZE_DIGITS) {
        throw fault();
      }
      return Long.parseLong(text.substring(from, at));
    }
  }
}
