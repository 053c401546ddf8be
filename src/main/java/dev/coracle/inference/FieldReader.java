// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.ByteBuffer;

/**
 * Steps over the fields of one protobuf message: each is a tag (field number times 8 plus wire
 * type) and a value. Throws {@link InvalidModelException}, with the offset, where the bytes are not
 * such a sequence. See protobuf.dev/programming-guides/encoding.
 */
final class FieldReader {

  static final int VARINT = 0;
  static final int FIXED64 = 1;
  static final int LENGTH_DELIMITED = 2;
  static final int FIXED32 = 5;

  private final ByteBuffer bytes;
  private final int end;
  private int position;

  private int tagAt;
  private int number;
  private int wireType;
  private long varint;
  private int from;

  /** Reads the bytes from one offset up to another, exclusive. */
  FieldReader(ByteBuffer bytes, int from, int end) {
    this.bytes = bytes;
    this.position = from;
    this.end = end;
  }

  /** Moves to the next field; returns false if there is none. */
  boolean next() {
    if (position == end) {
      return false;
    }
    tagAt = position;
    long tag = varint();
    if (tag >>> 3 == 0 || tag >>> 32 != 0) {
      throw broken("expected a field number from 1 to 536870911, found " + (tag >>> 3));
    }
    number = (int) (tag >>> 3);
    wireType = (int) tag & 7;
    long length =
        switch (wireType) {
          case VARINT -> {
            varint = varint();
            yield 0;
          }
          case FIXED64 -> Long.BYTES;
          case LENGTH_DELIMITED -> varint();
          case FIXED32 -> Integer.BYTES;
          default ->
              throw broken(
                  "field %d has wire type %d, a protobuf group, which ONNX does not use"
                      .formatted(number, wireType));
        };
    from = position;
    if (length < 0 || length > end - position) {
      throw broken(
          "field %d says that it has %s bytes, but %d are left; check that the file was copied to its end"
              .formatted(number, Long.toUnsignedString(length), end - position));
    }
    position += (int) length;
    return true;
  }

  int number() {
    return number;
  }

  int wireType() {
    return wireType;
  }

  /** Returns where the field begins. */
  int tagAt() {
    return tagAt;
  }

  /** Returns the value of a field of wire type {@link #VARINT}. */
  long value() {
    return varint;
  }

  /** Returns where the value begins, after its length, for the other wire types. */
  int from() {
    return from;
  }

  /** Returns where the value ends, exclusive, for the other wire types. */
  int to() {
    return position;
  }

  boolean hasMore() {
    return position < end;
  }

  /** Reads a number of up to ten bytes, seven bits in each, the lowest first. */
  long varint() {
    long result = 0;
    int start = position;
    for (int shift = 0; shift < 70; shift += 7) {
      if (position == end) {
        throw new InvalidModelException(
            "byte %d: a number that begins here is cut off".formatted(start));
      }
      byte next = bytes.get(position++);
      if (shift == 63 && next > 1) {
        break; // more than 64 bits
      }
      result |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return result;
      }
    }
    throw new InvalidModelException(
        "byte %d: a number that begins here has more than 64 bits".formatted(start));
  }

  private InvalidModelException broken(String what) {
    return new InvalidModelException("byte %d: %s".formatted(tagAt, what));
  }
}
