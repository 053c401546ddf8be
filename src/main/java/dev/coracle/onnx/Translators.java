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
import java.util.Objects;
import java.util.TreeSet;
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
          entry("NDArrayEx.relu", Translators::relu),
          entry("NDArrayEx.maxPool", Translators::maxPool),
          entry("NDArrayEx.dropout", (call, graph) -> graph.alias(result(call), array(call, 0))),
          entry("NDArray.reshape", Translators::reshape),
          entry("NDArray.logSoftmax", Translators::logSoftmax),
          entry("NDArray.toType", Translators::cast),
          entry("NDArray.add", (call, graph) -> arithmetic("Add", call, graph)),
          entry("NDArray.sub", (call, graph) -> arithmetic("Sub", call, graph)),
          entry("NDArray.mul", (call, graph) -> arithmetic("Mul", call, graph)),
          entry("NDArray.div", (call, graph) -> arithmetic("Div", call, graph)));

  private Translators() {}

  /** Tells whether calls of a recorded name have a translation, for some of their arguments. */
  static boolean isTranslated(String method) {
    return BY_METHOD.containsKey(method);
  }

  /** Lists what is translated, for messages. */
  static String known() {
    return "translated are " + String.join(", ", new TreeSet<>(BY_METHOD.keySet()));
  }

  static void translate(Call call, GraphBuilder graph) {
    Objects.requireNonNull(BY_METHOD.get(call.method()), call.method()).translate(call, graph);
  }

  /** convolution(input, weight, bias, stride, padding, dilation, groups); weight (O,I/g,k…). */
  private static void convolution(Call call, GraphBuilder graph) {
    Value weight = array(call, 1);
    int axes = spatialAxes(call, array(call, 0));
    requireRank(call, weight, axes + 2);
    if (weight.type() != DataType.FLOAT32) { // ONNX Runtime's CPU has no other convolution
      throw unsupported(call, "an array of type " + weight.type() + "; convert it with toType");
    }
    List<DimExpr> kernel = weight.shape().subList(2, axes + 2);
    graph
        .node("Conv", call)
        .input(array(call, 0))
        .input(weight)
        .optionalInput((Value) call.arguments().get(2))
        .attribute("dilations", sizes(call, dims(call, 5), axes))
        .attribute("group", literal(call, 6))
        .attribute("kernel_shape", sizes(call, kernel, axes))
        .attribute("pads", bothSides(sizes(call, dims(call, 4), axes)))
        .attribute("strides", sizes(call, dims(call, 3), axes))
        .output(result(call));
  }

  /** linear(input, weight, bias); weight (units, in), so Gemm with B transposed. */
  private static void linear(Call call, GraphBuilder graph) {
    Value input = array(call, 0);
    requireFloating(call, input);
    requireRank(call, input, 2);
    requireRank(call, array(call, 1), 2);
    graph
        .node("Gemm", call)
        .input(input)
        .input(array(call, 1))
        .optionalInput((Value) call.arguments().get(2))
        .attribute("transB", 1L)
        .output(result(call));
  }

  private static void relu(Call call, GraphBuilder graph) {
    requireFloating(call, call.receiver());
    graph.node("Relu", call).input(call.receiver()).output(result(call));
  }

  /** maxPool(kernel, stride, padding, ceilMode). */
  private static void maxPool(Call call, GraphBuilder graph) {
    if (!Boolean.FALSE.equals(call.arguments().get(3))) {
      throw unsupported(call, "ceil mode");
    }
    int axes = spatialAxes(call, call.receiver());
    graph
        .node("MaxPool", call)
        .input(call.receiver())
        .attribute("kernel_shape", sizes(call, dims(call, 0), axes))
        .attribute("pads", bothSides(sizes(call, dims(call, 2), axes)))
        .attribute("strides", sizes(call, dims(call, 1), axes))
        .output(result(call));
  }

  /**
   * reshape(shape). ONNX's target takes 0 for "as in the input" and one −1 for "what is left",
   * which expresses a batch axis that stays where it is, or one axis that is made of several. The
   * shape that came out says more than the argument, which may have a −1 of its own.
   */
  private static void reshape(Call call, GraphBuilder graph) {
    List<DimExpr> target = result(call).shape();
    List<DimExpr> source = call.receiver().shape();
    List<Long> resolved = new ArrayList<>();
    for (int i = 0; i < target.size(); i++) {
      DimExpr dim = target.get(i);
      if (dim.isConstant() && dim.offset() > 0) {
        resolved.add(dim.offset());
      } else if (!dim.isConstant() && i < source.size() && source.get(i).equals(dim)) {
        resolved.add(0L);
      } else if (!dim.isConstant() && !resolved.contains(-1L)) {
        resolved.add(-1L);
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
    requireFloating(call, call.receiver());
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

  /**
   * With an array or a number. Both broadcast alike; neither side may be promoted to another type.
   */
  private static void arithmetic(String operator, Call call, GraphBuilder graph) {
    Value left = call.receiver();
    Object right = require(call, 0);
    boolean promoted = right instanceof Value value && value.type() != left.type();
    if (promoted || result(call).type() != left.type()) {
      throw unsupported(call, "operands of different types; convert one with toType");
    }
    requireFloating(call, left);
    GraphBuilder.Node node = graph.node(operator, call).input(left);
    if (right instanceof Value value) {
      node.input(value);
    } else if (right instanceof DimExpr dim) {
      node.input(graph.scalar((double) literal(call, dim), left.type()));
    } else if (right instanceof Number number) {
      node.input(graph.scalar(number.doubleValue(), left.type()));
    } else {
      throw unsupported(call, "the operand " + right);
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

  /** Checks that an array is (N,C,d1…dk) and floating, and returns k. */
  private static int spatialAxes(Call call, Value input) {
    requireFloating(call, input);
    if (input.shape().size() < 3) {
      throw unsupported(call, "an input of shape " + input.shape() + "; expected (N,C,d1…)");
    }
    return input.shape().size() - 2;
  }

  /** One size for each spatial axis; PyTorch also takes one for all. */
  private static List<Long> sizes(Call call, List<DimExpr> dims, int axes) {
    if (dims.size() != axes) {
      throw unsupported(
          call,
          "%s where the input has %d axes after (N,C); give one for each".formatted(dims, axes));
    }
    return dims.stream().map(dim -> literal(call, dim)).toList();
  }

  private static void requireRank(Call call, Value value, int rank) {
    if (value.shape().size() != rank) {
      throw unsupported(call, "an array of shape " + value.shape() + "; expected rank " + rank);
    }
  }

  private static void requireFloating(Call call, Value value) {
    if (value.type() != DataType.FLOAT32 && value.type() != DataType.FLOAT64) {
      throw unsupported(
          call, "an array of type %s; convert it with toType".formatted(value.type()));
    }
  }

  private static long literal(Call call, DimExpr dim) {
    if (!dim.isConstant()) {
      throw unsupported(call, "a number that depends on the batch size, " + dim);
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
