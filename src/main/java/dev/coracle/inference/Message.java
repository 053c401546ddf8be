// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A protobuf message in a file's bytes, read in place: only its start and end are kept.
 *
 * <p>{@link MessageStructure} has checked it before: each singular field occurs at most once, and
 * each value has the type given by {@link MessageType}.
 */
final class Message {

  private final ByteBuffer bytes;
  private final int from;
  private final int to;
  private final MessageType type;

  Message(ByteBuffer bytes, int from, int to, MessageType type) {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.type = type;
  }

  static Message model(ByteBuffer file) {
    return new Message(file, 0, file.limit(), MessageType.MODEL);
  }

  MessageType type() {
    return type;
  }

  /** Returns where the message begins in the file. */
  int offset() {
    return from;
  }

  /** Returns the number of bytes. */
  int length() {
    return to - from;
  }

  FieldReader reader() {
    return new FieldReader(bytes, from, to);
  }

  /** Returns the message at which a reader of this message is positioned. */
  Message at(FieldReader reader, MessageType child) {
    return new Message(bytes, reader.from(), reader.to(), child);
  }

  boolean has(String field) {
    return count(field) > 0;
  }

  /** Counts the occurrences of a field; a packed one counts once. */
  int count(String field) {
    int[] count = {0};
    each(field, reader -> count[0]++);
    return count[0];
  }

  /** Returns an {@code int} field's value, or 0 where it is absent, as protobuf says. */
  long number(String field) {
    long[] value = {0};
    each(field, reader -> value[0] = reader.value());
    return value[0];
  }

  /** Returns a {@code text} field's value, or "" where it is absent, as protobuf says. */
  String text(String field) {
    List<String> texts = texts(field);
    return texts.isEmpty() ? "" : texts.get(0);
  }

  List<String> texts(String field) {
    List<String> texts = new ArrayList<>();
    each(field, reader -> texts.add(text(reader.from(), reader.to())));
    return texts;
  }

  /** Returns the content of a {@code bytes} field, or null where it is absent. */
  @Nullable ByteBuffer bytes(String field) {
    List<ByteBuffer> found = new ArrayList<>(1);
    each(field, reader -> found.add(bytes.slice(reader.from(), length(reader))));
    return found.isEmpty() ? null : found.get(0).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Returns the values of an {@code int*} field, packed or not; takes up to eight times their size
   * in the file.
   */
  long[] numbers(String field) {
    long[] values = new long[Math.toIntExact(elements(field))];
    int[] next = {0};
    eachNumber(field, value -> values[next[0]++] = value);
    return values;
  }

  /** Goes through the values of an {@code int*} field, packed or not. */
  void eachNumber(String field, LongConsumer action) {
    each(
        field,
        reader -> {
          if (reader.wireType() != FieldReader.LENGTH_DELIMITED) {
            action.accept(reader.value());
            return;
          }
          FieldReader packed = new FieldReader(bytes, reader.from(), reader.to());
          while (packed.hasMore()) {
            action.accept(packed.varint());
          }
        });
  }

  /** Counts the values of a repeated field of numbers, packed or not. */
  long elements(String field) {
    MessageType.Kind kind = type.field(field).kind();
    long[] count = {0};
    each(
        field,
        reader -> {
          if (reader.wireType() != FieldReader.LENGTH_DELIMITED) {
            count[0]++;
            return;
          }
          switch (kind) {
            case FLOAT -> count[0] += length(reader) / Float.BYTES;
            case DOUBLE -> count[0] += length(reader) / Double.BYTES;
            default -> {
              for (int i = reader.from(); i < reader.to(); i++) {
                count[0] += bytes.get(i) >= 0 ? 1 : 0; // the last byte of a varint
              }
            }
          }
        });
    return count[0];
  }

  @Nullable Message message(String field) {
    List<Message> messages = messages(field);
    return messages.isEmpty() ? null : messages.get(0);
  }

  List<Message> messages(String field) {
    MessageType child = type.field(field).type();
    List<Message> messages = new ArrayList<>();
    each(field, reader -> messages.add(at(reader, child)));
    return messages;
  }

  private void each(String name, Consumer<FieldReader> action) {
    int number = type.field(name).number();
    FieldReader reader = reader();
    while (reader.next()) {
      if (reader.number() == number) {
        action.accept(reader);
      }
    }
  }

  private static int length(FieldReader reader) {
    return reader.to() - reader.from();
  }

  private String text(int start, int end) {
    return StandardCharsets.UTF_8.decode(bytes.slice(start, end - start)).toString();
  }
}
