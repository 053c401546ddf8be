// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.List;

/** Checks that an attribute has exactly one value, of the type that it declares. */
final class AttributeRules {

  /** The fields of the values, in the order of {@code AttributeProto.AttributeType} from 1. */
  private static final List<String> VALUES =
      List.of(
          "f",
          "i",
          "s",
          "t",
          "g",
          "floats",
          "ints",
          "strings",
          "tensors",
          "graphs",
          "sparse_tensor",
          "sparse_tensors",
          "tp",
          "type_protos");

  private AttributeRules() {}

  static void check(Message attribute, String place, boolean inFunction) {
    if (attribute.text("name").isEmpty()) {
      throw new InvalidModelException(place + ": expected a name, found none");
    }
    List<String> found = VALUES.stream().filter(attribute::has).toList();
    if (attribute.has("ref_attr_name")) {
      if (!inFunction) {
        throw new InvalidModelException(
            place
                + ": expected a value, found a reference to an attribute of a function, outside of any function; export the model again");
      }
      if (!found.isEmpty()) {
        throw new InvalidModelException(
            "%s: expected either a value or a reference to an attribute of the function, found both (%s); export the model again"
                .formatted(place, found));
      }
      return;
    }
    long type = attribute.number("type");
    if (type < 1 || type > VALUES.size()) {
      throw new InvalidModelException(
          "%s: expected a type from 1 to %d, found %d".formatted(place, VALUES.size(), type));
    }
    String expected = VALUES.get((int) type - 1);
    boolean absent = found.isEmpty() && MessageType.ATTRIBUTE.field(expected).mayBeAbsent();
    if (!absent && !found.equals(List.of(expected))) {
      throw new InvalidModelException(
          "%s: expected a value in field %s and no other, as its type says, found %s; export the model again"
              .formatted(place, expected, found));
    }
  }
}
