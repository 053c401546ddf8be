// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Checks a sparse tensor, which ONNX Runtime makes dense when it loads the model: each index must
 * lie in the dense shape, and that must be no larger than a model may be.
 */
final class SparseRules {

  private SparseRules() {}

  /**
   * Runs before the walk gets to the two tensors inside, so it applies {@link TensorRules} to them
   * itself.
   *
   * @param maxBytes the most bytes that this one may take
   * @return how many bytes it takes when made dense
   */
  static long check(Message sparse, String place, long maxBytes) {
    Message values = sparse.message("values");
    Message indices = sparse.message("indices");
    if (values == null || indices == null) {
      throw new InvalidModelException(
          place
              + ": expected values and indices, found at most one of them; export the model again");
    }
    TensorRules.check(values, place + ", values", false);
    TensorRules.check(indices, place + ", indices", false);
    long[] dims = TensorRules.dims(sparse, place);
    long elements = TensorRules.elements(dims, place);
    ElementType type = TensorRules.type(values, place);
    if (type == ElementType.STRING || elements == 0 || type.bytes(elements) > maxBytes) {
      throw new InvalidModelException(
          "%s: expected numbers that take 1 to %d bytes when written out (what ModelOptions.maxFileBytes leaves to it), found %s %s"
              .formatted(place, maxBytes, type, Arrays.toString(dims)));
    }
    long count = TensorRules.elements(TensorRules.dims(values, place), place);
    long[] shape = TensorRules.dims(indices, place);
    boolean linear = shape.length == 1 && shape[0] == count;
    boolean coordinates = shape.length == 2 && shape[0] == count && shape[1] == dims.length;
    if (values.numbers("dims").length != 1
        || TensorRules.type(indices, place) != ElementType.INT64
        || !(linear || coordinates)) {
      throw new InvalidModelException(
          "%s: expected INT64 indices of shape [%d] or [%d, %d], found %s"
              .formatted(place, count, count, dims.length, Arrays.toString(shape)));
    }
    long[] index = longs(indices);
    for (int i = 0; i < index.length; i++) {
      long limit = linear ? elements : dims[i % dims.length];
      if (index[i] < 0 || index[i] >= limit) {
        throw new InvalidModelException(
            "%s: expected indices from 0 to %d, found %d".formatted(place, limit - 1, index[i]));
      }
    }
    return type.bytes(elements);
  }

  private static long[] longs(Message tensor) {
    ByteBuffer raw = tensor.bytes("raw_data");
    if (raw == null) {
      return tensor.numbers("int64_data");
    }
    long[] values = new long[raw.remaining() / Long.BYTES];
    raw.asLongBuffer().get(values);
    return values;
  }
}
