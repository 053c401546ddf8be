// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.util.List;

/** An array of the graph; its content is fetched when it is written. */
record Initializer(String name, DataType type, List<Long> dims, Content content) {

  /** Provides the elements in row-major order, little-endian. */
  interface Content {
    ByteBuffer bytes();
  }

  long size() {
    return dims.stream()
        .mapToLong(Long::longValue)
        .reduce(type.getNumOfBytes(), Math::multiplyExact);
  }

  /** Returns the content, checked to have the size that type and shape demand. */
  ByteBuffer bytes() {
    ByteBuffer bytes = content.bytes();
    if (bytes.remaining() != size()) {
      throw new IllegalStateException(
          "%s has %d bytes; expected %d".formatted(name, bytes.remaining(), size()));
    }
    return bytes;
  }
}
