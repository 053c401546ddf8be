// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Converts operands to one type, which ONNX's operators require and DJL's do not.
 *
 * <p>How it works: PyTorch converts operands to a common type. For most operators that is the type
 * of the result, which the trace knows; {@link #common} determines it where the result is a
 * boolean. ONNX Runtime lacks kernels for some types of some operators: small integers are computed
 * as int32 and cast back, which wraps as in PyTorch.
 */
final class Promotion {

  /** Only float32. */
  static final Set<DataType> FLOAT32 = Collections.unmodifiableSet(EnumSet.of(DataType.FLOAT32));

  static final Set<DataType> FLOATING =
      Collections.unmodifiableSet(EnumSet.of(DataType.FLOAT32, DataType.FLOAT64));

  static final Set<DataType> NUMBERS =
      Collections.unmodifiableSet(
          EnumSet.of(DataType.FLOAT32, DataType.FLOAT64, DataType.INT32, DataType.INT64));

  /** From narrow to wide; a sum of two types has the later one, except for int8 and uint8. */
  private static final List<DataType> WIDTHS =
      List.of(
          DataType.BOOLEAN,
          DataType.UINT8,
          DataType.INT8,
          DataType.INT16,
          DataType.INT32,
          DataType.INT64,
          DataType.FLOAT16,
          DataType.FLOAT32,
          DataType.FLOAT64);

  private Promotion() {}

  /**
   * Returns the type in which arrays of {@code type} are computed: that type, or int32.
   *
   * @param kernels the types for which ONNX Runtime's CPU provider has the operator
   * @throws ExportException when no such type holds all values
   */
  static DataType computed(Call call, DataType type, Set<DataType> kernels) {
    if (kernels.contains(type)) {
      return type;
    }
    boolean small =
        switch (type) {
          case BOOLEAN, UINT8, INT8, INT16 -> true;
          default -> false;
        };
    if (!small || !kernels.contains(DataType.INT32)) {
      throw call.unsupported(
          "the type %s, which ONNX Runtime does not compute it in; convert with toType to one of %s"
              .formatted(type, kernels));
    }
    return DataType.INT32;
  }

  /** Returns the type in which PyTorch compares an array with an array or a number. */
  static DataType common(Call call, Value left, Object right) {
    DataType other;
    boolean otherIsNumber = true;
    if (right instanceof Value value) {
      other = value.type();
      otherIsNumber = value.rank() == 0;
    } else {
      other = typeOf(call, right);
    }
    // An array takes precedence over a number, unless the number is of a higher kind.
    if (otherIsNumber && left.rank() > 0 && kind(left.type()) >= kind(other)) {
      return left.type();
    }
    if (!otherIsNumber && left.rank() == 0 && kind(other) >= kind(left.type())) {
      return other;
    }
    return wider(call, left.type(), other);
  }

  /** Returns the type of the array into which DJL converts a number. */
  private static DataType typeOf(Call call, Object number) {
    if (number instanceof Float) {
      return DataType.FLOAT32;
    }
    if (number instanceof Double) {
      return DataType.FLOAT64;
    }
    if (number instanceof Byte) {
      return DataType.INT8;
    }
    if (number instanceof DimExpr) { // an int or long: both compare alike
      return DataType.INT64;
    }
    throw call.unsupported("the operand " + number);
  }

  private static int kind(DataType type) {
    return type.isBoolean() ? 0 : type.isInteger() ? 1 : 2;
  }

  private static DataType wider(Call call, DataType a, DataType b) {
    int width = Math.max(width(call, a), width(call, b));
    boolean mixed = a != b && width == WIDTHS.indexOf(DataType.INT8);
    return mixed && a != DataType.BOOLEAN && b != DataType.BOOLEAN
        ? DataType.INT16
        : WIDTHS.get(width);
  }

  private static int width(Call call, DataType type) {
    int width = WIDTHS.indexOf(type);
    if (width < 0) {
      throw call.unsupported("the type " + type);
    }
    return width;
  }

  /**
   * Returns the name of an operand, converted to the type of the computation.
   *
   * @param operand {@link Value}, {@link DimExpr} or another number
   * @param common the type to which PyTorch converts it
   */
  static String operand(
      Call call, GraphBuilder graph, Object operand, DataType common, DataType computed) {
    if (operand instanceof Value value) {
      String name = cast(call, graph, graph.name(value), value.type(), common);
      return cast(call, graph, name, common, computed);
    }
    if (operand instanceof DimExpr number) {
      if (!number.isConstant()) {
        return cast(call, graph, graph.scalar(number, common), common, computed);
      }
      long whole = number.value();
      if (Math.abs(whole) > 1L << 53) {
        throw call.unsupported("the number %d, which is larger than 2^53".formatted(whole));
      }
      return graph.scalar(cut(whole, common), computed);
    }
    if (operand instanceof Number number) {
      double value = number.doubleValue();
      return graph.scalar(common.isFloating() ? value : cut((long) value, common), computed);
    }
    throw call.unsupported("the operand " + operand);
  }

  /** Returns what remains of a whole number in a type, whose higher bits fall away. */
  static double cut(long number, DataType type) {
    return switch (type) {
      case BOOLEAN -> number == 0 ? 0 : 1;
      case UINT8 -> number & 0xff;
      case INT8 -> (byte) number;
      case INT16 -> (short) number;
      case INT32 -> (int) number;
      default -> number;
    };
  }

  static String cast(Call call, GraphBuilder graph, String name, DataType from, DataType to) {
    return from == to
        ? name
        : graph.node("Cast", call).input(name).attribute("to", OnnxTypes.elementType(to)).output();
  }

  /**
   * Ends a node whose output has the type {@code computed}, and casts it to the type of the result.
   */
  static void finish(
      Call call, GraphBuilder graph, NodeBuilder node, DataType computed, Value result) {
    if (computed == result.type()) {
      node.output(result);
      return;
    }
    String output = node.output();
    graph
        .node("Cast", call)
        .input(output)
        .attribute("to", OnnxTypes.elementType(result.type()))
        .output(result);
  }
}
