// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads the {@code metadata_props} of an ONNX file.
 *
 * <p>Why not ONNX Runtime's own: its Java binding (1.29.0) hands UTF-8 to JNI's {@code
 * NewStringUTF}, which wants another encoding, so a label outside the basic plane, such as an
 * emoji, comes out as other characters and may cost the end of the text.
 *
 * <p>How it works: an ONNX file is a protobuf message of type ModelProto. This walks over its
 * fields, each a tag (field number times 8 plus wire type) and a value, and enters only number 14,
 * whose entries have the key in field 1 and the value in field 2. Numbers: {@code onnx.proto} of
 * ONNX 1.18; wire types: protobuf.dev/programming-guides/encoding.
 */
final class MetadataReader {

  private static final int METADATA_PROPS = 14;
  private static final int KEY = 1;
  private static final int VALUE = 2;

  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private MetadataReader() {}

  /**
   * Returns the entries of a model that ONNX Runtime has accepted; of entries with the same key the
   * last one counts.
   */
  static Map<String, String> read(Path file, byte[] model) {
    ByteBuffer bytes = ByteBuffer.wrap(model);
    Map<String, String> entries = new HashMap<>();
    try {
      while (bytes.hasRemaining()) {
        long tag = varint(bytes);
        ByteBuffer value = value(bytes, tag);
        if (tag == tag(METADATA_PROPS)) {
          readEntry(value, entries);
        }
      }
    } catch (BufferUnderflowException | CharacterCodingException e) {
      throw new CoracleException(
          file
              + ": the metadata, at or before byte "
              + bytes.position()
              + ", is not what ONNX prescribes: pairs of texts in UTF-8; export the model again",
          e);
    }
    return Map.copyOf(entries);
  }

  private static void readEntry(ByteBuffer entry, Map<String, String> entries)
      throws CharacterCodingException {
    String key = "";
    String text = "";
    while (entry.hasRemaining()) {
      long tag = varint(entry);
      ByteBuffer value = value(entry, tag);
      if (tag == tag(KEY)) {
        key = utf8(value);
      } else if (tag == tag(VALUE)) {
        text = utf8(value);
      }
    }
    entries.put(key, text);
  }

  static long tag(int field) {
    return field * 8L + LENGTH_DELIMITED;
  }

  /** Steps over the value after a tag and returns it, without the length before it. */
  static ByteBuffer value(ByteBuffer bytes, long tag) {
    long length =
        switch ((int) tag & 7) {
          case VARINT -> {
            varint(bytes);
            yield 0;
          }
          case FIXED64 -> Long.BYTES;
          case LENGTH_DELIMITED -> varint(bytes);
          case FIXED32 -> Integer.BYTES;
          default -> -1; // groups, which ONNX does not have
        };
    if (length < 0 || length > bytes.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer value = bytes.slice(bytes.position(), (int) length);
    bytes.position(bytes.position() + (int) length);
    return value;
  }

  /** Reads a number of up to ten bytes, seven bits in each, the lowest first. */
  static long varint(ByteBuffer bytes) {
    long number = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      byte next = bytes.get();
      number |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return number;
      }
    }
    throw new BufferUnderflowException();
  }

  static String utf8(ByteBuffer bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
  }
}
