// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Arrays;

/**
 * Reads a JSON array of numbers, nested up to four levels, in one pass: the numbers go straight
 * into {@link NumberImages}, and the shape is determined on the way. The first array that ends on a
 * level gives the size of its axis; all others must have the same.
 */
final class NumberArray {

  private final JsonInput input;
  private final NumberImages images;
  private final long[] sizes = new long[ImageShape.MAX_RANK]; // 0 where not known yet
  private final long[] counts = new long[ImageShape.MAX_RANK];
  private int rank; // 0 until the first number

  private NumberArray(JsonInput input, NumberImages images) {
    this.input = input;
    this.images = images;
  }

  /** Reads the array that begins at the input's position, and returns its shape. */
  static long[] read(JsonInput input, NumberImages images) throws IOException {
    if (input.token() != JsonToken.START_ARRAY) {
      throw input.unexpected("an array of numbers");
    }
    input.next();
    return readFrom(input, images);
  }

  /** Does the same where the input is at the token after the array's beginning. */
  static long[] readFrom(JsonInput input, NumberImages images) throws IOException {
    return new NumberArray(input, images).read();
  }

  private long[] read() throws IOException {
    int level = 0;
    for (JsonToken token = input.token(); true; token = input.next()) {
      switch (token) {
        case VALUE_NUMBER_FLOAT, VALUE_NUMBER_INT -> {
          if (level + 1 != rank) {
            checkLevel(level);
          }
          images.add(input.number());
          counts[level]++;
        }
        case START_ARRAY -> {
          level++;
          if (level == ImageShape.MAX_RANK || (level == rank && rank != 0)) {
            throw tooDeep();
          }
          counts[level] = 0;
        }
        case END_ARRAY -> {
          end(level);
          level--;
          if (level < 0) {
            return Arrays.copyOf(sizes, rank);
          }
          counts[level]++;
        }
        default -> throw input.unexpected("a number or an array of numbers");
      }
    }
  }

  /** Checks a number's level: that of the first number applies to all. */
  private void checkLevel(int level) {
    if (rank != 0 || counts[level] != 0) {
      throw ragged("a number beside an array");
    }
    rank = level + 1;
  }

  private void end(int level) {
    long count = counts[level];
    if (count == 0) {
      throw RequestException.badRequest(
          images.shape().expected() + ", got an empty array at " + input.where());
    }
    if (sizes[level] == 0) {
      sizes[level] = count;
    } else if (sizes[level] != count) {
      throw ragged("an array of %d next to one of %d".formatted(count, sizes[level]));
    }
  }

  private RequestException tooDeep() {
    return rank == 0
        ? RequestException.badRequest(
            images.shape().expected() + ", got an array deeper than 4 at " + input.where())
        : ragged("an array beside a number");
  }

  private RequestException ragged(String found) {
    return RequestException.badRequest(
        "expected arrays of one size on each level, got %s at %s".formatted(found, input.where()));
  }
}
