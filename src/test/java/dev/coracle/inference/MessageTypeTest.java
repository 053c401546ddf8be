// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
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

  /**
   * ONNX Runtime itself as the oracle, newer than Tribuo's classes: it fails to parse a field that
   * it takes for a message, or for packed floats, where that has one byte that is neither; in any
   * other field the byte is harmless. So it has no place for messages that the tables do not have.
   */
  @Test
  void messages_inEveryPlace_areThoseThatOnnxRuntimeParses() throws Exception {
    byte[] sound = TestModel.logits().withSize(1, 1, 2).bytes();
    Map<MessageType, List<Integer>> paths = paths();
    assertThat(paths).containsOnlyKeys(MessageType.values());
    for (Map.Entry<MessageType, List<Integer>> path : paths.entrySet()) {
      for (int number = 1; number <= 40; number++) {
        byte[] content = field(number, new byte[] {7});
        for (int i = path.getValue().size() - 1; i >= 0; i--) {
          content = field(path.getValue().get(i), content);
        }
        byte[] model = Arrays.copyOf(sound, sound.length + content.length);
        System.arraycopy(content, 0, model, sound.length, content.length);
        MessageType.Field ours = path.getKey().field(number);
        boolean fragile =
            ours != null
                && (ours.kind() == MessageType.Kind.MESSAGE
                    || (ours.repeated()
                        && (ours.kind() == MessageType.Kind.FLOAT
                            || ours.kind() == MessageType.Kind.DOUBLE)));
        assertThat(parses(model)).as("%s field %d", path.getKey(), number).isEqualTo(!fragile);
      }
    }
  }

  private static boolean parses(byte[] model) {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      Environment.get().createSession(model, options).close();
      return true;
    } catch (OrtException e) {
      return e.getCode() != OrtException.OrtErrorCode.ORT_INVALID_PROTOBUF;
    }
  }

  /** Returns a way to each message, as field numbers from the model down. */
  private static Map<MessageType, List<Integer>> paths() {
    Map<MessageType, List<Integer>> paths = new EnumMap<>(MessageType.class);
    paths.put(MessageType.MODEL, List.of());
    Deque<MessageType> open = new ArrayDeque<>(paths.keySet());
    while (!open.isEmpty()) {
      MessageType type = open.remove();
      for (MessageType.Field field : type.fields()) {
        if (field.kind() == MessageType.Kind.MESSAGE && !paths.containsKey(field.type())) {
          List<Integer> path = new ArrayList<>(paths.getOrDefault(type, List.of()));
          path.add(field.number());
          paths.put(field.type(), path);
          open.add(field.type());
        }
      }
    }
    return paths;
  }

  private static byte[] field(int number, byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeByteArray(number, content);
    out.flush();
    return bytes.toByteArray();
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
