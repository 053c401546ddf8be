// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.inference.MessageType.Field;
import dev.coracle.inference.MessageType.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Checks that bytes are the protobuf messages of an ONNX file, down to the last field.
 *
 * <p>Stricter than a protobuf parser where the file would be ambiguous: a singular field occurs at
 * most once, a oneof has at most one choice, and a known field has its own wire type (a parser
 * takes the last occurrence, or skips the field). Fields that ONNX 1.20 does not have are skipped,
 * so that a file may carry what later versions add.
 */
final class MessageStructure {

  /**
   * Depth of nested messages. protobuf's own limit is 100; a graph within a graph takes three
   * levels, each of which takes much more of the caller's stack in ONNX Runtime than in protobuf.
   */
  static final int MAX_DEPTH = 40;

  /**
   * Messages, texts and byte strings in a file. Two bytes of the file can become fifty in ONNX
   * Runtime's memory: this limit bounds them to about a gigabyte.
   */
  static final int MAX_OBJECTS = 1 << 24;

  private final ByteBuffer bytes;
  private int objects;

  private MessageStructure(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  static void check(ByteBuffer bytes) {
    new MessageStructure(bytes).check(0, bytes.limit(), MessageType.MODEL, 1);
  }

  private void check(int from, int to, MessageType type, int depth) {
    if (depth > MAX_DEPTH) {
      throw new InvalidModelException(
          "byte %d: messages nest deeper than %d levels".formatted(from, MAX_DEPTH));
    }
    FieldReader reader = new FieldReader(bytes, from, to);
    int seen = 0; // a bit for each singular field
    boolean oneofSeen = false;
    while (reader.next()) {
      Field field = type.field(reader.number());
      if (field == null) {
        continue;
      }
      if (!field.repeated() && (seen & 1 << field.number()) != 0) {
        throw broken(reader, type, field, "occurs a second time, which leaves open which counts");
      }
      seen |= 1 << field.number();
      if (field.oneof()) {
        if (oneofSeen) {
          throw broken(reader, type, field, "is a second choice where there may be one");
        }
        oneofSeen = true;
      }
      value(reader, type, field, depth);
    }
  }

  private void value(FieldReader reader, MessageType type, Field field, int depth) {
    int expected = wireType(field.kind());
    if (reader.wireType() != expected) {
      if (!field.repeated() || reader.wireType() != FieldReader.LENGTH_DELIMITED) {
        throw broken(
            reader,
            type,
            field,
            "has wire type %d, expected %d".formatted(reader.wireType(), expected));
      }
      packed(reader, type, field, expected);
      return;
    }
    if (expected == FieldReader.LENGTH_DELIMITED) {
      if (++objects > MAX_OBJECTS) {
        throw broken(
            reader, type, field, "is one more than the %d parts allowed".formatted(MAX_OBJECTS));
      }
    }
    if (field.kind() == Kind.TEXT) {
      utf8(reader, type, field);
    } else if (field.kind() == Kind.MESSAGE) {
      check(reader.from(), reader.to(), field.type(), depth + 1);
    }
  }

  private void packed(FieldReader reader, MessageType type, Field field, int expected) {
    int length = reader.to() - reader.from();
    if (expected == FieldReader.VARINT) {
      FieldReader values = new FieldReader(bytes, reader.from(), reader.to());
      while (values.hasMore()) {
        values.varint();
      }
      return;
    }
    int size = expected == FieldReader.FIXED32 ? Float.BYTES : Double.BYTES;
    if (length % size != 0) {
      throw broken(
          reader, type, field, "has %d bytes, expected a multiple of %d".formatted(length, size));
    }
  }

  private void utf8(FieldReader reader, MessageType type, Field field) {
    int i = reader.from();
    while (i < reader.to() && bytes.get(i) >= 0) {
      i++;
    }
    if (i == reader.to()) {
      return; // ASCII
    }
    try {
      StandardCharsets.UTF_8
          .newDecoder()
          .decode(bytes.slice(reader.from(), reader.to() - reader.from()));
    } catch (CharacterCodingException e) {
      throw broken(reader, type, field, "is no text in UTF-8");
    }
  }

  static int wireType(Kind kind) {
    return switch (kind) {
      case INT -> FieldReader.VARINT;
      case FLOAT -> FieldReader.FIXED32;
      case DOUBLE -> FieldReader.FIXED64;
      case TEXT, BYTES, MESSAGE -> FieldReader.LENGTH_DELIMITED;
    };
  }

  private static InvalidModelException broken(
      FieldReader reader, MessageType type, Field field, String what) {
    return new InvalidModelException(
        "byte %d: %s.%s %s".formatted(reader.tagAt(), type.protoName(), field.name(), what));
  }
}
