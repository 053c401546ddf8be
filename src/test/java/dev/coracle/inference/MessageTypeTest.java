// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Compares the tables with another's: Tribuo's classes, generated from onnx.proto itself. */
class MessageTypeTest {

  @Test
  void fields_ofEveryMessage_areThoseOfOnnxProto() {
    Map<String, Descriptor> descriptors = new HashMap<>();
    OnnxMl.getDescriptor().getMessageTypes().forEach(type -> collect("", type, descriptors));
    TreeSet<String> known = new TreeSet<>();
    for (MessageType type : MessageType.values()) {
      Descriptor descriptor = descriptors.get(type.protoName());
      if (descriptor == null) { // newer than Tribuo's
        assertThat(type.protoName()).matches(".*(Configuration|Shard|IntIntList).*");
        continue;
      }
      known.add(type.protoName());
      for (FieldDescriptor field : descriptor.getFields()) {
        MessageType.Field ours = type.field(field.getNumber());
        if (ours == null) {
          throw new AssertionError("no " + field.getFullName());
        }
        assertThat(ours.name()).isEqualTo(field.getName());
        assertThat(ours.kind()).as(field.getFullName()).isEqualTo(kind(field));
        assertThat(ours.repeated()).as(field.getFullName()).isEqualTo(field.isRepeated());
        assertThat(ours.oneof())
            .as(field.getFullName())
            .isEqualTo(field.getContainingOneof() != null);
        if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
          assertThat(descriptors.get(ours.type().protoName())).isEqualTo(field.getMessageType());
        }
      }
    }
    assertThat(known).isEqualTo(new TreeSet<>(descriptors.keySet()));
  }

  @Test
  void elementTypes_areThoseOfOnnxProto() {
    for (OnnxMl.TensorProto.DataType type : OnnxMl.TensorProto.DataType.values()) {
      ElementType ours = ElementType.of(type.getNumber());
      assertThat(ours == null ? "UNDEFINED" : ours.name()).isEqualTo(type.name());
    }
  }

  private static MessageType.Kind kind(FieldDescriptor field) {
    return switch (field.getType()) {
      case FLOAT -> MessageType.Kind.FLOAT;
      case DOUBLE -> MessageType.Kind.DOUBLE;
      case STRING -> MessageType.Kind.TEXT;
      case BYTES -> MessageType.Kind.BYTES;
      case MESSAGE -> MessageType.Kind.MESSAGE;
      case INT32, INT64, UINT64, ENUM -> MessageType.Kind.INT;
      default -> throw new AssertionError(field.getFullName());
    };
  }

  private static void collect(String outer, Descriptor type, Map<String, Descriptor> all) {
    all.put(outer + type.getName(), type);
    type.getNestedTypes().forEach(inner -> collect(outer + type.getName() + ".", inner, all));
  }
}
