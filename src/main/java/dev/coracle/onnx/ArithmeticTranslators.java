// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static dev.coracle.onnx.Promotion.FLOAT32;
import static dev.coracle.onnx.Promotion.FLOATING;
import static dev.coracle.onnx.Promotion.NUMBERS;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Arithmetic of arrays and numbers, elementwise functions, and conversions of type. */
final class ArithmeticTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArray.toType" -> ArithmeticTranslators::toType;
      case "NDArray.duplicate" -> (call, graph) -> graph.alias(call.result(), call.receiver());
      case "NDArray.stopGradient" -> (call, graph) -> graph.alias(call.result(), call.receiver());
      case "NDArray.add" -> binary("Add", "Or");
      case "NDArray.sub" -> binary("Sub", "");
      case "NDArray.mul" -> binary("Mul", "And");
      case "NDArray.div" -> binary("Div", "");
      case "NDArray.maximum" -> extreme("Max", "Or");
      case "NDArray.minimum" -> extreme("Min", "And");
      case "NDArray.mod" -> ArithmeticTranslators::mod;
      case "NDArray.pow" -> ArithmeticTranslators::pow;
      case "NDArray.cbrt" -> ArithmeticTranslators::cubeRoot;
      case "NDArray.square" -> ArithmeticTranslators::square;
      case "NDArray.clip" -> ArithmeticTranslators::clip;
      case "NDArray.neg" -> unary("Neg", NUMBERS);
      case "NDArray.abs" -> unary("Abs", NUMBERS);
      case "NDArray.sign" -> ArithmeticTranslators::sign;
      case "NDArray.exp" -> unary("Exp", FLOATING);
      case "NDArray.log" -> unary("Log", FLOATING);
      case "NDArray.log10" -> logarithm(10);
      case "NDArray.log2" -> logarithm(2);
      case "NDArray.xlogy" -> ArithmeticTranslators::timesLogarithm;
      case "NDArray.sqrt" -> unary("Sqrt", FLOATING);
      case "NDArray.sin" -> unary("Sin", FLOATING);
      case "NDArray.cos" -> unary("Cos", FLOAT32);
      case "NDArray.tan" -> unary("Tan", FLOAT32);
      case "NDArray.asin" -> unary("Asin", FLOAT32);
      case "NDArray.acos" -> unary("Acos", FLOAT32);
      case "NDArray.atan" -> unary("Atan", FLOAT32);
      case "NDArray.sinh" -> unary("Sinh", FLOAT32);
      case "NDArray.cosh" -> unary("Cosh", FLOAT32);
      case "NDArray.tanh" -> unary("Tanh", FLOATING);
      case "NDArray.erf" -> unary("Erf", FLOAT32);
      case "NDArray.floor" -> rounding("Floor");
      case "NDArray.ceil" -> rounding("Ceil");
      case "NDArray.round" -> rounding("Round"); // both round half to even
      case "NDArray.trunc" -> ArithmeticTranslators::trunc;
      case "NDArray.toDegrees" -> angle(180.0, Math.PI);
      case "NDArray.toRadians" -> angle(Math.PI, 180.0);
      default -> null;
    };
  }

  private ArithmeticTranslators() {}

  private static void toType(Call call, GraphBuilder graph) {
    if (call.receiver().type() == call.type(0)) { // a copy
      graph.alias(call.result(), call.receiver());
      return;
    }
    NodeBuilder node = graph.node("Cast", call);
    DataType from = call.receiver().type();
    DataType to = call.type(0);
    if ((to == DataType.UINT8 || to == DataType.INT8) && from.isFloating()) {
      // PyTorch converts by way of int64, so that values that do not fit wrap around; ONNX leaves
      // that undefined.
      long wide = OnnxTypes.elementType(DataType.INT64);
      node.input(graph.node("Cast", call).input(call.receiver()).attribute("to", wide).output());
    } else if (from == DataType.INT64 && to == DataType.INT32 && graph.has("Cast")) {
      // ONNX Runtime merges two Casts into one, which does not wrap around; it keeps this node
      // between them.
      String least = graph.scalar(DimExpr.of(Long.MIN_VALUE), DataType.INT64);
      node.input(
          extreme("Max", receiver(call, graph, from, from), least, from, call, graph).output());
    } else {
      node.input(call.receiver());
    }
    node.attribute("to", OnnxTypes.elementType(call.type(0))).output(call.result());
  }

  private static OpTranslator unary(String operator, Set<DataType> kernels) {
    return (call, graph) -> {
      DataType computed = Promotion.computed(call, call.result().type(), kernels);
      NodeBuilder node =
          graph.node(operator, call).input(receiver(call, graph, call.result().type(), computed));
      Promotion.finish(call, graph, node, computed, call.result());
    };
  }

  private static String receiver(
      Call call, GraphBuilder graph, DataType common, DataType computed) {
    return Promotion.operand(call, graph, call.receiver(), common, computed);
  }

  /** ONNX Runtime 1.29 gives -1 for 3e9: its kernel looks at the lower half alone. */
  private static void signOfLongs(Call call, GraphBuilder graph) {
    String zero = graph.scalar(0, DataType.INT64);
    long type = OnnxTypes.elementType(DataType.INT64);
    String isAbove = graph.node("Greater", call).input(call.receiver()).input(zero).output();
    String isBelow = graph.node("Less", call).input(call.receiver()).input(zero).output();
    String above = graph.node("Cast", call).input(isAbove).attribute("to", type).output();
    String below = graph.node("Cast", call).input(isBelow).attribute("to", type).output();
    graph.node("Sub", call).input(above).input(below).output(call.result());
  }

  /** The sign of NaN is 0 in DJL, NaN in ONNX Runtime. */
  private static void sign(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    if (x.type() == DataType.INT64) {
      signOfLongs(call, graph);
      return;
    }
    if (!x.type().isFloating()) {
      unary("Sign", NUMBERS).translate(call, graph);
      return;
    }
    DataType type = Promotion.computed(call, x.type(), FLOATING);
    String sign = graph.node("Sign", call).input(x).output();
    String isNaN = graph.node("IsNaN", call).input(x).output();
    graph
        .node("Where", call)
        .input(isNaN)
        .input(graph.scalar(0, type))
        .input(sign)
        .output(call.result());
  }

  /** Rounds floating-point numbers and leaves integers as they are. */
  private static OpTranslator rounding(String operator) {
    OpTranslator rounding = unary(operator, FLOATING);
    return (call, graph) -> {
      if (call.receiver().type().isInteger()) {
        graph.alias(call.result(), call.receiver());
      } else {
        rounding.translate(call, graph);
      }
    };
  }

  /** ONNX has no Trunc: computed as the sign times the floor of the magnitude. */
  private static void trunc(Call call, GraphBuilder graph) {
    Value x = call.receiver();
    if (x.type().isInteger()) {
      graph.alias(call.result(), x);
      return;
    }
    Promotion.computed(call, x.type(), FLOATING);
    String magnitude = graph.node("Abs", call).input(x).output();
    String floor = graph.node("Floor", call).input(magnitude).output();
    String sign = graph.node("Sign", call).input(x).output();
    graph.node("Mul", call).input(floor).input(sign).output(call.result());
  }

  /**
   * An operation with an array or a number, which broadcast alike. Operands are promoted to the
   * type of the result, which for a quotient is floating.
   *
   * @param ofBooleans the operator that does the same with booleans, or "" if there is none
   */
  private static OpTranslator binary(String operator, String ofBooleans) {
    return binary(
        ofBooleans,
        (left, right, type, call, graph) -> graph.node(operator, call).input(left).input(right));
  }

  /** Starts the node that computes an operation of two operands of a type. */
  private interface Operation {
    NodeBuilder start(String left, String right, DataType type, Call call, GraphBuilder graph);
  }

  private static OpTranslator extreme(String operator, String ofBooleans) {
    return binary(
        ofBooleans,
        (left, right, type, call, graph) -> extreme(operator, left, right, type, call, graph));
  }

  /**
   * Starts a node that gives the greater ("Max") or the lesser of two. Of int64 by a comparison:
   * where the upper halves are equal, the kernels of ONNX Runtime 1.29 compare the lower ones as
   * signed numbers.
   */
  private static NodeBuilder extreme(
      String operator, String left, String right, DataType type, Call call, GraphBuilder graph) {
    if (type != DataType.INT64) {
      return graph.node(operator, call).input(left).input(right);
    }
    String compare = operator.equals("Max") ? "Greater" : "Less";
    String isLeft = graph.node(compare, call).input(left).input(right).output();
    return graph.node("Where", call).input(isLeft).input(left).input(right);
  }

  private static OpTranslator binary(String ofBooleans, Operation operation) {
    return (call, graph) -> {
      Value result = call.result();
      boolean logical = result.type() == DataType.BOOLEAN;
      if (logical && ofBooleans.isEmpty()) {
        throw call.unsupported("booleans; convert them with toType");
      }
      DataType computed =
          logical ? DataType.BOOLEAN : Promotion.computed(call, result.type(), NUMBERS);
      String left = receiver(call, graph, result.type(), computed);
      String right = Promotion.operand(call, graph, call.require(0), result.type(), computed);
      NodeBuilder node =
          logical
              ? graph.node(ofBooleans, call).input(left).input(right)
              : operation.start(left, right, computed, call, graph);
      Promotion.finish(call, graph, node, computed, result);
    };
  }

  /**
   * The remainder has the sign of the divisor. So it has in ONNX's Mod for integers; for other
   * numbers it has the sign of the dividend, so where the signs differ the divisor is added.
   */
  private static void mod(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, NUMBERS);
    String dividend = receiver(call, graph, type, computed);
    Object by = call.require(0);
    String divisor = Promotion.operand(call, graph, by, type, computed);
    if (!computed.isFloating()) {
      // ONNX Runtime ends the process where the divisor is 0, where DJL throws, and where it is -1
      // and the dividend the smallest number. The remainder by -1 is that by 1: 0.
      boolean constant = by instanceof DimExpr number && number.isConstant();
      if (!constant) {
        divisor = replaced(divisor, 0, computed, call, graph);
      }
      if (!constant || Promotion.cut(((DimExpr) by).value(), type) == -1) {
        divisor = replaced(divisor, -1, computed, call, graph);
      }
      NodeBuilder node = graph.node("Mod", call).input(dividend).input(divisor);
      Promotion.finish(call, graph, node, computed, call.result());
      return;
    }
    String zero = graph.scalar(0, computed);
    String rest =
        graph.node("Mod", call).input(dividend).input(divisor).attribute("fmod", 1L).output();
    String restNegative = graph.node("Less", call).input(rest).input(zero).output();
    String divisorNegative = graph.node("Less", call).input(divisor).input(zero).output();
    String differ = graph.node("Xor", call).input(restNegative).input(divisorNegative).output();
    String isZero = graph.node("Equal", call).input(rest).input(zero).output();
    String notZero = graph.node("Not", call).input(isZero).output();
    String wrong = graph.node("And", call).input(differ).input(notZero).output();
    String moved = graph.node("Add", call).input(rest).input(divisor).output();
    graph.node("Where", call).input(wrong).input(moved).input(rest).output(call.result());
  }

  /** Returns a divisor with 1 in the place of some number. */
  private static String replaced(
      String divisor, int number, DataType type, Call call, GraphBuilder graph) {
    String isNumber =
        graph.node("Equal", call).input(divisor).input(graph.scalar(number, type)).output();
    return graph
        .node("Where", call)
        .input(isNumber)
        .input(graph.scalar(1, type))
        .input(divisor)
        .output();
  }

  /** Integers are multiplied, since ONNX Runtime computes their powers in floating point. */
  private static void pow(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    Object exponent = call.require(0);
    if (type.isFloating()) {
      DataType computed = Promotion.computed(call, type, FLOATING);
      graph
          .node("Pow", call)
          .input(receiver(call, graph, type, computed))
          .input(Promotion.operand(call, graph, exponent, type, computed))
          .output(call.result());
      return;
    }
    long times = wholeExponent(call, exponent);
    DataType computed = Promotion.computed(call, type, NUMBERS);
    String base = receiver(call, graph, type, computed);
    String product = base;
    for (int i = 1; i < times - 1; i++) {
      product = graph.node("Mul", call).input(product).input(base).output();
    }
    NodeBuilder last =
        times == 1
            ? graph.node("Identity", call).input(base)
            : graph.node("Mul", call).input(product).input(base);
    Promotion.finish(call, graph, last, computed, call.result());
  }

  private static long wholeExponent(Call call, Object exponent) {
    long times = -1;
    if (exponent instanceof DimExpr number && number.isConstant()) {
      times = number.value();
    } else if (exponent instanceof Value value && value.content() != null && value.rank() == 0) {
      try (NDArray wide = value.content().toType(DataType.INT64, true)) {
        times = wide.getLong();
      }
    }
    if (times < 1 || times > 8) {
      throw call.unsupported(
          "powers of whole numbers but for the constants 1 to 8; convert with toType to float32");
    }
    return times;
  }

  /** Gives NaN for negative numbers, as the engine does. */
  private static void cubeRoot(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, FLOATING);
    graph
        .node("Pow", call)
        .input(receiver(call, graph, type, computed))
        .input(graph.scalar(1.0 / 3, computed))
        .output(call.result());
  }

  private static void square(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, NUMBERS);
    String x = receiver(call, graph, type, computed);
    Promotion.finish(
        call, graph, graph.node("Mul", call).input(x).input(x), computed, call.result());
  }

  /** clip(min, max); where min exceeds max, max wins, as in ONNX's Min of Max. */
  private static void clip(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, NUMBERS);
    String x = receiver(call, graph, type, computed);
    String least = Promotion.operand(call, graph, call.require(0), type, computed);
    String most = Promotion.operand(call, graph, call.require(1), type, computed);
    String raised = extreme("Max", x, least, computed, call, graph).output();
    NodeBuilder node = extreme("Min", raised, most, computed, call, graph);
    Promotion.finish(call, graph, node, computed, call.result());
  }

  private static OpTranslator logarithm(int base) {
    return (call, graph) -> {
      DataType type = call.result().type();
      DataType computed = Promotion.computed(call, type, FLOATING);
      String x = receiver(call, graph, type, computed);
      String natural = graph.node("Log", call).input(x).output();
      String scaled =
          graph
              .node("Mul", call)
              .input(natural)
              .input(graph.scalar(1 / Math.log(base), computed))
              .output();
      // In DJL the logarithm of a power of the base is exactly an integer; without this, a floor
      // could be one less.
      String whole = graph.node("Round", call).input(scaled).output();
      String power =
          graph.node("Pow", call).input(graph.scalar(base, computed)).input(whole).output();
      String isPower = graph.node("Equal", call).input(power).input(x).output();
      NodeBuilder node = graph.node("Where", call).input(isPower).input(whole).input(scaled);
      Promotion.finish(call, graph, node, computed, call.result());
    };
  }

  /** x times the logarithm of y; 0 where x is 0, unless y is NaN. */
  private static void timesLogarithm(Call call, GraphBuilder graph) {
    DataType type = call.result().type();
    DataType computed = Promotion.computed(call, type, FLOATING);
    String x = receiver(call, graph, type, computed);
    String y = Promotion.operand(call, graph, call.require(0), type, computed);
    String zero = graph.scalar(0, computed);
    String isZero = graph.node("Equal", call).input(x).input(zero).output();
    String isNaN = graph.node("IsNaN", call).input(y).output();
    String isNumber = graph.node("Not", call).input(isNaN).output();
    String vanishes = graph.node("And", call).input(isZero).input(isNumber).output();
    String logarithm = graph.node("Log", call).input(y).output();
    String product = graph.node("Mul", call).input(x).input(logarithm).output();
    graph.node("Where", call).input(vanishes).input(zero).input(product).output(call.result());
  }

  private static OpTranslator angle(double factor, double divisor) {
    return (call, graph) -> {
      DataType type = call.result().type();
      DataType computed = Promotion.computed(call, type, FLOATING);
      String product =
          graph
              .node("Mul", call)
              .input(receiver(call, graph, type, computed))
              .input(graph.scalar(factor, computed))
              .output();
      graph
          .node("Div", call)
          .input(product)
          .input(graph.scalar(divisor, computed))
          .output(call.result());
    };
  }
}
