// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Checks the shapes in which an array may hold images of {@code rows} by {@code columns} pixels.
 */
record ImageShape(int rows, int columns) {

  /** The rank of (N, 1, rows, columns), the shape with most axes. */
  static final int MAX_RANK = 4;

  int pixels() {
    return rows * columns;
  }

  /**
   * Returns the number of images in an array.
   *
   * @throws RequestException 400 if it has none of the shapes
   */
  long count(long... sizes) {
    int rank = sizes.length;
    boolean rowsAndColumns = rank >= 2 && sizes[rank - 2] == rows && sizes[rank - 1] == columns;
    boolean flat = rank >= 1 && sizes[rank - 1] == pixels();
    if ((rank == 4 && rowsAndColumns && sizes[1] == 1)
        || (rank == 3 && rowsAndColumns)
        || (rank == 2 && flat)) {
      return sizes[0];
    }
    if ((rank == 2 && rowsAndColumns) || (rank == 1 && flat)) {
      return 1;
    }
    throw RequestException.badRequest(expected() + ", got an array of " + text(sizes));
  }

  /** Returns the beginning of a message, which lists the shapes. */
  String expected() {
    return "expected images of %1$d×%2$d as (N, 1, %1$d, %2$d), (N, %1$d, %2$d), (N, %3$d), (%1$d, %2$d) or (%3$d)"
        .formatted(rows, columns, pixels());
  }

  /** Writes sizes as Python does, without its comma after a single one. */
  static String text(long... sizes) {
    return Arrays.stream(sizes)
        .mapToObj(Long::toString)
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
