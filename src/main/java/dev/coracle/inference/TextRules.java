// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.Arrays;

/**
 * Checks the tables of TfIdfVectorizer, which refer to each other: {@code ngram_counts} says where
 * in the pool the 1-grams, 2-grams and so on begin, {@code ngram_indexes} has an output index for
 * each n-gram.
 */
final class TextRules {

  private static final int MAX_INDEX = 1 << 24;

  private TextRules() {}

  static void check(Message node, String place) {
    long pool = 0;
    long weights = -1;
    long[] starts = {};
    long[] indexes = {};
    for (Message attribute : node.messages("attribute")) {
      switch (attribute.text("name")) {
        case "pool_int64s" -> pool = attribute.elements("ints");
        case "pool_strings" -> pool = attribute.count("strings");
        case "weights" -> weights = attribute.elements("floats");
        case "ngram_counts" -> starts = attribute.numbers("ints");
        case "ngram_indexes" -> indexes = attribute.numbers("ints");
        default -> {}
      }
    }
    long grams = 0;
    boolean fits = starts.length > 0 && starts[0] == 0;
    for (int n = 1; fits && n <= starts.length; n++) {
      long length = (n < starts.length ? starts[n] : pool) - starts[n - 1];
      fits = length >= 0 && starts[n - 1] >= 0 && length % n == 0;
      grams += length / n;
    }
    fits &= grams == indexes.length && (weights < 0 || weights == grams);
    if (!fits || Arrays.stream(indexes).anyMatch(index -> index < 0 || index > MAX_INDEX)) {
      throw new InvalidModelException(
          "%s: expected ngram_counts to divide the pool of %d into n-grams and ngram_indexes to have a place from 0 to %d for each, found %d counts and %d places; export the model again"
              .formatted(place, pool, MAX_INDEX, starts.length, indexes.length));
    }
  }
}
