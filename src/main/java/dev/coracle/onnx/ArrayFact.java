// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known about an array of a graph at given sizes of the dynamic axes.
 *
 * @param dims null where they are not known
 * @param content of a small array of whole numbers, such as a target of Reshape; null where it is
 *     not known
 */
record ArrayFact(@Nullable List<Long> dims, @Nullable List<Long> content) {

  static final ArrayFact UNKNOWN = new ArrayFact(null, null);

  static long size(List<Long> dims) {
    return dims.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
  }
}
