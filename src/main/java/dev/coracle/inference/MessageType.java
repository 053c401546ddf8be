// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lists the messages of an ONNX file and their fields, as in {@code onnx.proto} of ONNX 1.20, the
 * version that ONNX Runtime 1.29.0 reads.
 *
 * <p>An entry is "number name type", with * after the type of a repeated field and | after that of
 * a member of a oneof, of which a message has only one. The types of protobuf are grouped by their
 * encoding in the file: int64, int32, uint64 and enums are {@code int}; string, which must be
 * UTF-8, is {@code text}.
 */
@SuppressWarnings("ImmutableEnumChecker") // the tables are filled by the constructor only
enum MessageType {
  MODEL(
      "ModelProto",
      "1 ir_version int",
      "2 producer_name text",
      "3 producer_version text",
      "4 domain text",
      "5 model_version int",
      "6 doc_string text",
      "7 graph GRAPH",
      "8 opset_import OPERATOR_SET_ID*",
      "14 metadata_props STRING_STRING_ENTRY*",
      "20 training_info TRAINING_INFO*",
      "25 functions FUNCTION*",
      "26 configuration DEVICE_CONFIGURATION*"),
  GRAPH(
      "GraphProto",
      "1 node NODE*",
      "2 name text",
      "5 initializer TENSOR*",
      "10 doc_string text",
      "11 input VALUE_INFO*",
      "12 output VALUE_INFO*",
      "13 value_info VALUE_INFO*",
      "14 quantization_annotation TENSOR_ANNOTATION*",
      "15 sparse_initializer SPARSE_TENSOR*",
      "16 metadata_props STRING_STRING_ENTRY*"),
  NODE(
      "NodeProto",
      "1 input text*",
      "2 output text*",
      "3 name text",
      "4 op_type text",
      "5 attribute ATTRIBUTE*",
      "6 doc_string text",
      "7 domain text",
      "8 overload text",
      "9 metadata_props STRING_STRING_ENTRY*",
      "10 device_configurations NODE_DEVICE_CONFIGURATION*"),
  ATTRIBUTE(
      "AttributeProto",
      "1 name text",
      "2 f float",
      "3 i int",
      "4 s bytes",
      "5 t TENSOR",
      "6 g GRAPH",
      "7 floats float*",
      "8 ints int*",
      "9 strings bytes*",
      "10 tensors TENSOR*",
      "11 graphs GRAPH*",
      "13 doc_string text",
      "14 tp TYPE",
      "15 type_protos TYPE*",
      "20 type int",
      "21 ref_attr_name text",
      "22 sparse_tensor SPARSE_TENSOR",
      "23 sparse_tensors SPARSE_TENSOR*"),
  TENSOR(
      "TensorProto",
      "1 dims int*",
      "2 data_type int",
      "3 segment SEGMENT",
      "4 float_data float*",
      "5 int32_data int*",
      "6 string_data bytes*",
      "7 int64_data int*",
      "8 name text",
      "9 raw_data bytes",
      "10 double_data double*",
      "11 uint64_data int*",
      "12 doc_string text",
      "13 external_data STRING_STRING_ENTRY*",
      "14 data_location int",
      "16 metadata_props STRING_STRING_ENTRY*"),
  SEGMENT("TensorProto.Segment", "1 begin int", "2 end int"),
  SPARSE_TENSOR("SparseTensorProto", "1 values TENSOR", "2 indices TENSOR", "3 dims int*"),
  VALUE_INFO(
      "ValueInfoProto",
      "1 name text",
      "2 type TYPE",
      "3 doc_string text",
      "4 metadata_props STRING_STRING_ENTRY*"),
  TYPE(
      "TypeProto",
      "1 tensor_type TENSOR_TYPE|",
      "4 sequence_type SEQUENCE_TYPE|",
      "5 map_type MAP_TYPE|",
      "6 denotation text",
      "7 opaque_type OPAQUE_TYPE|",
      "8 sparse_tensor_type SPARSE_TENSOR_TYPE|",
      "9 optional_type OPTIONAL_TYPE|"),
  TENSOR_TYPE("TypeProto.Tensor", "1 elem_type int", "2 shape TENSOR_SHAPE"),
  SPARSE_TENSOR_TYPE("TypeProto.SparseTensor", "1 elem_type int", "2 shape TENSOR_SHAPE"),
  SEQUENCE_TYPE("TypeProto.Sequence", "1 elem_type TYPE"),
  OPTIONAL_TYPE("TypeProto.Optional", "1 elem_type TYPE"),
  MAP_TYPE("TypeProto.Map", "1 key_type int", "2 value_type TYPE"),
  OPAQUE_TYPE("TypeProto.Opaque", "1 domain text", "2 name text"),
  TENSOR_SHAPE("TensorShapeProto", "1 dim DIMENSION*"),
  DIMENSION(
      "TensorShapeProto.Dimension", "1 dim_value int|", "2 dim_param text|", "3 denotation text"),
  OPERATOR_SET_ID("OperatorSetIdProto", "1 domain text", "2 version int"),
  STRING_STRING_ENTRY("StringStringEntryProto", "1 key text", "2 value text"),
  TENSOR_ANNOTATION(
      "TensorAnnotation",
      "1 tensor_name text",
      "2 quant_parameter_tensor_names STRING_STRING_ENTRY*"),
  TRAINING_INFO(
      "TrainingInfoProto",
      "1 initialization GRAPH",
      "2 algorithm GRAPH",
      "3 initialization_binding STRING_STRING_ENTRY*",
      "4 update_binding STRING_STRING_ENTRY*"),
  FUNCTION(
      "FunctionProto",
      "1 name text",
      "4 input text*",
      "5 output text*",
      "6 attribute text*",
      "7 node NODE*",
      "8 doc_string text",
      "9 opset_import OPERATOR_SET_ID*",
      "10 domain text",
      "11 attribute_proto ATTRIBUTE*",
      "12 value_info VALUE_INFO*",
      "13 overload text",
      "14 metadata_props STRING_STRING_ENTRY*"),
  DEVICE_CONFIGURATION(
      "DeviceConfigurationProto", "1 name text", "2 num_devices int", "3 device text*"),
  NODE_DEVICE_CONFIGURATION(
      "NodeDeviceConfigurationProto",
      "1 configuration_id text",
      "2 sharding_spec SHARDING_SPEC*",
      "3 pipeline_stage int"),
  SHARDING_SPEC(
      "ShardingSpecProto",
      "1 tensor_name text",
      "2 device int*",
      "3 index_to_device_group_map INT_INT_LIST_ENTRY*",
      "4 sharded_dim SHARDED_DIM*"),
  INT_INT_LIST_ENTRY("IntIntListEntryProto", "1 key int", "2 value int*"),
  SHARDED_DIM("ShardedDimProto", "1 axis int", "2 simple_sharding SIMPLE_SHARDED_DIM*"),
  SIMPLE_SHARDED_DIM(
      "SimpleShardedDimProto", "1 dim_value int|", "2 dim_param text|", "3 num_shards int");

  /** How a value is encoded in the file. */
  enum Kind {
    INT,
    FLOAT,
    DOUBLE,
    TEXT,
    BYTES,
    MESSAGE
  }

  /**
   * One field of a message; {@code message} is the name of its type where it is a message itself.
   */
  record Field(
      int number, String name, Kind kind, boolean repeated, boolean oneof, String message) {

    private static Field parse(String entry) {
      String[] parts = entry.split(" ", -1);
      boolean repeated = parts[2].endsWith("*");
      boolean oneof = parts[2].endsWith("|");
      String type = parts[2].replaceAll("[*|]", "");
      Kind kind =
          switch (type) {
            case "int" -> Kind.INT;
            case "float" -> Kind.FLOAT;
            case "double" -> Kind.DOUBLE;
            case "text" -> Kind.TEXT;
            case "bytes" -> Kind.BYTES;
            default -> Kind.MESSAGE;
          };
      return new Field(Integer.parseInt(parts[0]), parts[1], kind, repeated, oneof, type);
    }

    /** Tells whether writers may leave the field out: lists when empty, numbers when zero. */
    boolean mayBeAbsent() {
      return repeated || kind != Kind.MESSAGE;
    }

    MessageType type() {
      return MessageType.valueOf(message);
    }
  }

  private final String protoName;
  private final Map<String, Field> byName = new HashMap<>();
  private final @Nullable Field[] byNumber = new Field[32];

  MessageType(String protoName, String... entries) {
    this.protoName = protoName;
    for (String entry : entries) {
      Field field = Field.parse(entry);
      byName.put(field.name(), field);
      byNumber[field.number()] = field;
    }
  }

  /** Returns the name in onnx.proto. */
  String protoName() {
    return protoName;
  }

  Iterable<Field> fields() {
    return byName.values();
  }

  Field field(String name) {
    Field field = byName.get(name);
    if (field == null) {
      throw new IllegalArgumentException(protoName + " has no field " + name);
    }
    return field;
  }

  /** Returns the field of a number, or null for one that ONNX 1.20 does not have. */
  @Nullable Field field(int number) {
    return number < byNumber.length ? byNumber[number] : null;
  }
}
