// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static java.util.Map.entry;

import ai.djl.ndarray.types.DataType;
import dev.coracle.onnx.SymbolicTrace.Call;
import dev.coracle.onnx.SymbolicTrace.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lists the translated calls by recorded name. A new operator is one entry here; nothing else in
 * the exporter knows operators.
 *
 * <p>A translator must cover every argument of its call or refuse, since a wrong graph without an
 * error is the worst that can come out.
 */
final class Translators {

  private static final Map<String, OpTranslator> BY_METHOD =
      Map.ofEntries(
          entry("NDArrayEx.convolution", Translators::convolution),
          entry("NDArrayEx.linear", Translators::linear),
          entry("NDArrayEx.relu", (call, graph) -> unary("Relu", call, graph)),
          entry("NDArrayEx.maxPool", Translators::maxPool),
          entry("NDArrayEx.dropout", (call, graph) -> graph.alias(result(call), call.receiver())),
          entry("NDArray.reshape", Translators::reshape),
          entry("NDArray.logSoftmax", Translators::logSoftmax),
          entry("NDArray.toType", Translators::cast),
          entry("NDArray.add", (call, graph) -> arithmetic("Add", call, graph)),
          entry("NDArray.sub", (call, graph) -> arithmetic("Sub", call, graph)),
          entry("NDArray.mul", (call, graph) -> arithmetic("Mul", call, graph)),
          entry("NDArray.div", (call, graph) -> arithmetic("Div", call, graph)));

  private Translators() {}

  static void translate(Call call, GraphBuilder graph) {
    OpTranslator translator = BY_METHOD.get(call.method());
    if (translator == null) {
      throw new ExportException(
          "%s (called at %s) has no ONNX translation yet; translated are %s"
              .formatted(
                  call.method(), call.location(), BY_METHOD.keySet().stream().sorted().toList()));
    }
    translator.translate(call, graph);
  }

  /** convolution(input, weight, bias, stride, padding, dilation, groups); weight (O,I/g,k…). */
  private static void convolution(Call call, GraphBuilder graph) {
    Value weight = array(call, 1);
    List<DimExpr> kernel = weight.shape().subList(2, weight.shape().size());
    List<Long> padding = literals(call, 4);
    graph
        .node("Conv", call)
        .input(array(call, 0))
        .input(weight)
        .optionalInput((Value) call.arguments().get(2))
        .attribute("dilations", literals(call, 5))
        .attribute("group", literal(call, 6))
        .attribute("kernel_shape", kernel.stream().map(DimExpr::offset).toList())
        .attribute("pads", bothSides(padding))
        .attribute("strides", literals(call, 3))
        .output(result(call));
  }

  /** linear(input, weight, bias); weight (units, in), so Gemm with B transposed. */
  private static void linear(Call call, GraphBuilder graph) {
    Value input = array(call, 0);
    if (input.shape().size() != 2) {
      throw unsupported(
          call, "an input of rank " + input.shape().size() + "; translated is rank 2");
    }
    graph
        .node("Gemm", call)
        .input(input)
        .input(array(call, 1))
        .optionalInput((Value) call.arguments().get(2))
        .attribute("transB", 1L)
        .output(result(call));
  }

  /** maxPool(kernel, stride, padding, ceilMode). */
  private static void maxPool(Call call, GraphBuilder graph) {
    if (Boolean.TRUE.equals(call.arguments().get(3))) {
      throw unsupported(call, "ceil mode");
    }
    graph
        .node("MaxPool", call)
        .input(call.receiver())
        .attribute("kernel_shape", literals(call, 0))
        .attribute("pads", bothSides(literals(call, 2)))
        .attribute("strides", literals(call, 1))
        .output(result(call));
  }

  /**
   * reshape(shape). ONNX's target takes 0 for "as in the input" and one −1 for "what is left",
   * which expresses a batch axis that stays where it is, or one axis that is made of several.
   */
  private static void reshape(Call call, GraphBuilder graph) {
    List<DimExpr> target = dims(call, 0);
    List<DimExpr> source = call.receiver().shape();
    List<Long> resolved = new ArrayList<>();
    boolean leftUsed = target.contains(DimExpr.of(-1));
    for (int i = 0; i < target.size(); i++) {
      DimExpr dim = target.get(i);
      if (dim.isConstant()) {
        resolved.add(dim.offset());
      } else if (i < source.size() && source.get(i).equals(dim)) {
        resolved.add(0L);
      } else if (!leftUsed) {
        resolved.add(-1L);
        leftUsed = true;
      } else {
        throw unsupported(call, "a target " + target + " for an input of shape " + source);
      }
    }
    graph
        .node("Reshape", call)
        .input(call.receiver())
        .input(graph.constant(resolved))
        .output(result(call));
  }

  private static void logSoftmax(Call call, GraphBuilder graph) {
    graph
        .node("LogSoftmax", call)
        .input(call.receiver())
        .attribute("axis", literal(call, 0))
        .output(result(call));
  }

  private static void cast(Call call, GraphBuilder graph) {
    graph
        .node("Cast", call)
        .input(call.receiver())
        .attribute("to", GraphBuilder.elementType((DataType) require(call, 0)))
        .output(result(call));
  }

  private static void unary(String operator, Call call, GraphBuilder graph) {
    graph.node(operator, call).input(call.receiver()).output(result(call));
  }

  /**
   * With an array or a number. Both broadcast alike; neither side may be promoted to another type.
   */
  private static void arithmetic(String operator, Call call, GraphBuilder graph) {
    Object other = require(call, 0);
    DataType type = call.receiver().type();
    if (!result(call).type().equals(type)
        || (other instanceof Value value && !value.type().equals(type))
        || !type.isFloating()) {
      throw unsupported(call, "operands of different or whole-number types; convert with toType");
    }
    GraphBuilder.Node node = graph.node(operator, call).input(call.receiver());
    if (other instanceof Value value) {
      node.input(value);
    } else {
      double number =
          other instanceof DimExpr dim && dim.isConstant()
              ? dim.offset()
              : other instanceof Number n ? n.doubleValue() : Double.NaN;
      if (Double.isNaN(number)) {
        throw unsupported(call, "the operand " + other);
      }
      node.input(graph.scalar(number, type));
    }
    node.output(result(call));
  }

  private static Value result(Call call) {
    return call.results().get(0);
  }

  private static Object require(Call call, int index) {
    @Nullable Object argument = call.arguments().get(index);
    if (argument == null) {
      throw unsupported(call, "null as argument " + index);
    }
    return argument;
  }

  private static Value array(Call call, int index) {
    return (Value) require(call, index);
  }

  @SuppressWarnings("unchecked") // SymbolicTrace makes int arrays and shapes lists of DimExpr
  private static List<DimExpr> dims(Call call, int index) {
    return (List<DimExpr>) require(call, index);
  }

  private static long literal(Call call, int index) {
    return literal(call, (DimExpr) require(call, index));
  }

  private static List<Long> literals(Call call, int index) {
    return dims(call, index).stream().map(dim -> literal(call, dim)).toList();
  }

  private static long literal(Call call, DimExpr dim) {
    if (!dim.isConstant()) {
      throw unsupported(call, "an attribute that depends on the batch size: " + dim);
    }
    return dim.offset();
  }

  /** ONNX lists the padding before all axes, then the padding after all axes. */
  private static List<Long> bothSides(List<Long> padding) {
    List<Long> both = new ArrayList<>(padding);
    both.addAll(padding);
    return Collections.unmodifiableList(both);
  }

  private static ExportException unsupported(Call call, String what) {
    return new ExportException(
        "%s (called at %s) has no ONNX translation yet for %s"
            .formatted(call.method(), call.location(), what));
  }
}
