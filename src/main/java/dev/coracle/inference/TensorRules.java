// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks that a tensor's data match its type and shape, and are in a place where they may be. */
final class TensorRules {

  private static final List<String> DATA_FIELDS =
      List.of(
          "raw_data",
          "float_data",
          "int32_data",
          "string_data",
          "int64_data",
          "double_data",
          "uint64_data");

  static final int MAX_RANK = 64;

  private TensorRules() {}

  static void check(Message tensor, String place, boolean mayBeExternal) {
    long[] dims = dims(tensor, place);
    ElementType type = type(tensor, place);
    long elements = elements(dims, place);
    if (tensor.has("segment")) {
      throw new InvalidModelException(
          place + ": expected a whole tensor, found a segment of one; export the model again");
    }
    if (isExternal(tensor)) {
      if (!mayBeExternal) {
        throw new InvalidModelException(
            place
                + ": expected the values in the file, found a reference to external data, which are"
                + " allowed only for initializers of the main graph and with"
                + " ModelOptions.externalDataFolder; save the model with its weights inside");
      }
      return; // ExternalData reads and checks them
    }
    if (tensor.number("data_location") != 0) {
      throw new InvalidModelException(
          "%s: expected data_location 0 or 1, found %d"
              .formatted(place, tensor.number("data_location")));
    }
    data(tensor, type, elements, dims, place);
  }

  /** Tells whether a tensor says, in either way, that its values are in another file. */
  static boolean isExternal(Message tensor) {
    return tensor.number("data_location") == 1 || tensor.has("external_data");
  }

  /** Tells whether none of the fields for values is present. */
  static boolean hasNoData(Message tensor) {
    return DATA_FIELDS.stream().noneMatch(tensor::has);
  }

  static ElementType type(Message tensor, String place) {
    ElementType type = ElementType.of(tensor.number("data_type"));
    if (type == null) {
      throw new InvalidModelException(
          "%s: expected a data_type from 1 to 26, found %d; export the model for an older version of ONNX"
              .formatted(place, tensor.number("data_type")));
    }
    return type;
  }

  /** Returns the shape of a tensor or sparse tensor. */
  static long[] dims(Message tensor, String place) {
    long rank = tensor.elements("dims");
    if (rank > MAX_RANK) {
      throw new InvalidModelException(
          "%s: expected at most %d dimensions, found %d".formatted(place, MAX_RANK, rank));
    }
    return tensor.numbers("dims");
  }

  /** Returns the number of elements of a shape; refuses one that does not fit into 63 bits. */
  static long elements(long[] dims, String place) {
    long product = 1;
    boolean empty = false;
    for (long dim : dims) {
      if (dim < 0 || (dim > 0 && product > (Long.MAX_VALUE >> 8) / dim)) {
        throw new InvalidModelException(
            "%s: expected a shape of sizes from 0 that fits into memory, found %s"
                .formatted(place, Arrays.toString(dims)));
      }
      empty |= dim == 0;
      product *= Math.max(dim, 1);
    }
    return empty ? 0 : product;
  }

  /** Returns the value of a tensor with one INT64 or INT32 in the file, or null for any other. */
  static @Nullable Long number(Message tensor) {
    ElementType type = ElementType.of(tensor.number("data_type"));
    if ((type != ElementType.INT64 && type != ElementType.INT32) || isExternal(tensor)) {
      return null;
    }
    ByteBuffer raw = tensor.bytes("raw_data");
    if (raw == null) {
      boolean alone = tensor.elements(type.typedField()) == 1;
      return alone ? (Long) tensor.numbers(type.typedField())[0] : null;
    }
    if (raw.remaining() != type.bytes(1)) {
      return null;
    }
    return type == ElementType.INT64 ? raw.getLong() : (long) raw.getInt();
  }

  private static void data(
      Message tensor, ElementType type, long elements, long[] dims, String place) {
    List<String> found = DATA_FIELDS.stream().filter(tensor::has).toList();
    ByteBuffer raw = tensor.bytes("raw_data");
    if (type == ElementType.STRING) {
      raw = null; // strings are never raw
    }
    String field = raw != null ? "raw_data" : type.typedField();
    if (found.stream().anyMatch(name -> !name.equals(field))) {
      throw new InvalidModelException(
          "%s: expected the values of type %s in raw_data or in %s, not both, found %s"
              .formatted(place, type, type.typedField(), found));
    }
    long expected = raw != null ? type.bytes(elements) : type.typedValues(elements);
    long present =
        raw != null
            ? raw.remaining()
            : type == ElementType.STRING ? tensor.count(field) : tensor.elements(field);
    if (present != expected) {
      throw new InvalidModelException(
          "%s: expected %d %s of %s for type %s and shape %s, found %d; check that the file was copied to its end"
              .formatted(
                  place,
                  expected,
                  raw != null ? "bytes" : "values",
                  field,
                  type,
                  Arrays.toString(dims),
                  present));
    }
    if (raw != null && type == ElementType.BOOL) {
      booleans(raw, place);
    }
  }

  /** Refuses bytes other than 0 and 1: C++ may take them for true here and for false there. */
  static void booleans(ByteBuffer raw, String place) {
    for (int i = raw.position(); i < raw.limit(); i++) {
      if ((raw.get(i) & ~1) != 0) {
        throw new InvalidModelException(
            "%s: expected 0 or 1 for each bool, found %d".formatted(place, raw.get(i) & 0xff));
      }
    }
  }
}
