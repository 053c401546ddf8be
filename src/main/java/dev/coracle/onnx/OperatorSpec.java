// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * ONNX's rules for the nodes of an operator.
 *
 * @param since the first opset with these rules
 * @param attributes types by name
 * @param required names of the attributes that must be present
 * @param types the types that each type variable may stand for
 */
record OperatorSpec(
    String name,
    int since,
    List<Formal> inputs,
    List<Formal> outputs,
    Map<String, AttributeType> attributes,
    Set<String> required,
    Map<String, Set<DataType>> types) {

  private static final Map<Character, DataType> TYPES =
      Map.of(
          'h', DataType.FLOAT16,
          'f', DataType.FLOAT32,
          'd', DataType.FLOAT64,
          'B', DataType.UINT8,
          'b', DataType.INT8,
          's', DataType.INT16,
          'i', DataType.INT32,
          'l', DataType.INT64,
          'o', DataType.BOOLEAN);

  private static final Map<Character, AttributeType> ATTRIBUTES =
      Map.of(
          'f', AttributeType.FLOAT,
          'i', AttributeType.INT,
          's', AttributeType.STRING,
          't', AttributeType.TENSOR,
          'F', AttributeType.FLOATS,
          'I', AttributeType.INTS,
          'S', AttributeType.STRINGS);

  /**
   * An input or output.
   *
   * @param type name of its type variable; all arrays of one variable have the same type
   */
  record Formal(String type, boolean optional, boolean variadic) {}

  /** Reads a line of {@code operators.txt}, which describes its format. */
  static OperatorSpec parse(String line) {
    List<List<String>> fields = new ArrayList<>();
    for (String field : line.split("\\|", -1)) {
      fields.add(field.isBlank() ? List.of() : List.of(field.strip().split(" ", -1)));
    }
    Map<String, Set<DataType>> types = new TreeMap<>();
    for (String type : fields.get(4)) {
      String[] parts = type.split("=", -1);
      types.put(parts[0], types(parts[1]));
    }
    Map<String, AttributeType> attributes = new TreeMap<>();
    Set<String> required = new TreeSet<>();
    for (String attribute : fields.get(3)) {
      String[] parts = attribute.split(":", -1);
      attributes.put(parts[0], Objects.requireNonNull(ATTRIBUTES.get(parts[1].charAt(0))));
      if (parts[1].endsWith("!")) {
        required.add(parts[0]);
      }
    }
    return new OperatorSpec(
        fields.get(0).get(0),
        Integer.parseInt(fields.get(0).get(1)),
        formals(fields.get(1), types),
        formals(fields.get(2), types),
        attributes,
        required,
        types);
  }

  private static List<Formal> formals(List<String> texts, Map<String, Set<DataType>> types) {
    List<Formal> formals = new ArrayList<>();
    for (String text : texts) {
      boolean optional = text.endsWith("?");
      boolean variadic = text.endsWith("*");
      String type = optional || variadic ? text.substring(0, text.length() - 1) : text;
      if (type.startsWith("=")) {
        types.put(type, types(type.substring(1)));
      }
      formals.add(new Formal(type, optional, variadic));
    }
    return formals;
  }

  private static Set<DataType> types(String letters) {
    Set<DataType> types = EnumSet.noneOf(DataType.class);
    letters.chars().forEach(c -> types.add(Objects.requireNonNull(TYPES.get((char) c))));
    return types;
  }

  /** Returns the minimum number of inputs or outputs. */
  static int least(List<Formal> formals) {
    int least = 0;
    for (int i = 0; i < formals.size(); i++) {
      if (!formals.get(i).optional()) {
        least = i + 1;
      }
    }
    return least;
  }

  /** Returns the maximum number of inputs or outputs. */
  static int most(List<Formal> formals) {
    boolean open = !formals.isEmpty() && formals.get(formals.size() - 1).variadic();
    return open ? Integer.MAX_VALUE : formals.size();
  }

  /** Returns the formal of an input or output by position; only the last may be repeated. */
  static Formal at(List<Formal> formals, int index) {
    return formals.get(Math.min(index, formals.size() - 1));
  }

  Set<DataType> types(Formal formal) {
    return Objects.requireNonNull(types.get(formal.type()), formal.type());
  }
}
