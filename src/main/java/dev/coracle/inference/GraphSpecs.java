// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads what a file declares of its inputs and outputs, as {@link MetadataReader} reads metadata;
 * of element types it knows those of an {@link ImageModel}.
 *
 * @param inputs those that a caller must give: without an initializer of the same name
 */
record GraphSpecs(List<TensorSpec> inputs, List<TensorSpec> outputs) {

  private static final long FLOAT = 1;
  private static final long UINT8 = 2;

  static GraphSpecs of(ModelFile model) {
    try {
      ByteBuffer graph = only(ByteBuffer.wrap(model.bytes()), 7);
      Set<String> initialized = new HashSet<>();
      for (ByteBuffer initializer : all(graph, 5)) {
        initialized.add(MetadataReader.utf8(only(initializer, 8)));
      }
      List<TensorSpec> inputs = specs(all(graph, 11));
      inputs.removeIf(spec -> initialized.contains(spec.name()));
      return new GraphSpecs(inputs, specs(all(graph, 12)));
    } catch (BufferUnderflowException | CharacterCodingException e) {
      throw new InvalidModelException(
          model.file()
              + ": expected inputs and outputs that are float32 or uint8 tensors, found others or a broken file; give another file",
          e);
    }
  }

  private static List<TensorSpec> specs(List<ByteBuffer> values) throws CharacterCodingException {
    List<TensorSpec> specs = new ArrayList<>();
    for (ByteBuffer value : values) {
      String name = MetadataReader.utf8(only(value, 1));
      ByteBuffer tensor = only(only(value, 2), 1);
      long type = number(tensor, 1, -1);
      if (type != FLOAT && type != UINT8) {
        throw new BufferUnderflowException();
      }
      List<Long> shape = new ArrayList<>();
      for (ByteBuffer axis : all(only(tensor, 2), 1)) {
        shape.add(number(axis, 1, TensorSpec.DYNAMIC));
      }
      specs.add(new TensorSpec(name, type == FLOAT ? DType.FLOAT32 : DType.UINT8, shape));
    }
    return specs;
  }

  /** Returns the values of a field that is a message or text. */
  private static List<ByteBuffer> all(ByteBuffer message, int field) {
    List<ByteBuffer> values = new ArrayList<>();
    ByteBuffer rest = message.duplicate();
    while (rest.hasRemaining()) {
      long tag = MetadataReader.varint(rest);
      ByteBuffer value = MetadataReader.value(rest, tag);
      if (tag == MetadataReader.tag(field)) {
        values.add(value);
      }
    }
    return values;
  }

  private static ByteBuffer only(ByteBuffer message, int field) {
    List<ByteBuffer> values = all(message, field);
    if (values.size() != 1) {
      throw new BufferUnderflowException();
    }
    return values.get(0);
  }

  /** Returns the value of a field that is a number. */
  private static long number(ByteBuffer message, int field, long absent) {
    ByteBuffer rest = message.duplicate();
    long found = absent;
    while (rest.hasRemaining()) {
      long tag = MetadataReader.varint(rest);
      if (tag == field * 8L) {
        found = MetadataReader.varint(rest);
      } else {
        MetadataReader.value(rest, tag);
      }
    }
    return found;
  }
}
