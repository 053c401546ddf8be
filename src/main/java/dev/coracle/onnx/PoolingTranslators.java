// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pooling of (N,C,d1…dk) arrays.
 *
 * <p>Ceil mode is written as padding: one more window at the end of an axis is the same as enough
 * extra padding there without ceil mode. ONNX's own attribute is not used, since its versions and
 * runtimes differ on a last window that starts in the padding, and on the divisor of an average
 * there.
 */
final class PoolingTranslators {

  /** Returns the translator of a method, or null. */
  static @Nullable OpTranslator of(String method) {
    return switch (method) {
      case "NDArrayEx.maxPool" -> PoolingTranslators::maxPool;
      case "NDArrayEx.avgPool" -> PoolingTranslators::avgPool;
      case "NDArrayEx.lpPool" -> PoolingTranslators::lpPool;
      case "NDArrayEx.globalMaxPool" -> (call, graph) -> global("GlobalMaxPool", call, graph);
      case "NDArrayEx.globalAvgPool" -> (call, graph) -> global("GlobalAveragePool", call, graph);
      case "NDArrayEx.globalLpPool" -> PoolingTranslators::globalLpPool;
      default -> null;
    };
  }

  private PoolingTranslators() {}

  /** Sizes for each spatial axis; {@code more} is the padding that ceil mode adds at the end. */
  private record Windows(List<Long> kernel, List<Long> stride, List<Long> pad, List<Long> more) {

    NodeBuilder node(String operator, String input, Call call, GraphBuilder graph) {
      return node(operator, input, pad, call, graph);
    }

    NodeBuilder node(
        String operator, String input, List<Long> before, Call call, GraphBuilder graph) {
      List<Long> pads = new ArrayList<>(before);
      for (int axis = 0; axis < before.size(); axis++) {
        pads.add(before.get(axis) + more.get(axis));
      }
      return graph
          .node(operator, call)
          .input(input)
          .attribute("kernel_shape", kernel)
          .attribute("pads", pads)
          .attribute("strides", stride);
    }

    boolean isPadded() {
      return pad.stream().anyMatch(size -> size != 0);
    }

    boolean isRagged() {
      return more.stream().anyMatch(size -> size != 0);
    }

    double kernelSize() {
      return kernel.stream().mapToDouble(Long::doubleValue).reduce(1, (a, b) -> a * b);
    }
  }

  private static Windows windows(
      Call call, List<DimExpr> kernel, List<DimExpr> stride, List<Long> pad, boolean ceil) {
    List<Long> kernels = ConvolutionTranslators.sizes(call, kernel, pad.size());
    List<Long> strides = ConvolutionTranslators.sizes(call, stride, pad.size());
    List<Long> more = new ArrayList<>(Collections.nCopies(pad.size(), 0L));
    for (int axis = 0; ceil && axis < pad.size(); axis++) {
      // Literal, since with dynamic sizes the padding at the end would be dynamic too.
      long in = call.literal(call.receiver().shape().get(axis + 2)) + 2 * pad.get(axis);
      long out = call.literal(call.result().shape().get(axis + 2));
      more.set(axis, Math.max(0, (out - 1) * strides.get(axis) + kernels.get(axis) - in));
    }
    return new Windows(kernels, strides, pad, more);
  }

  /** maxPool(kernel, stride, padding, ceilMode). */
  private static void maxPool(Call call, GraphBuilder graph) {
    int axes = ConvolutionTranslators.spatialAxes(call, call.receiver());
    List<Long> pad = ConvolutionTranslators.sizes(call, call.dims(2), axes);
    windows(call, call.dims(0), call.dims(1), pad, call.flag(3))
        .node("MaxPool", behindPad(graph.name(call.receiver()), call, graph), call, graph)
        .output(call.result());
  }

  /** avgPool(kernel, stride, padding, ceilMode, countIncludePad). */
  private static void avgPool(Call call, GraphBuilder graph) {
    int axes = ConvolutionTranslators.spatialAxes(call, call.receiver());
    call.requireFloat32(call.receiver());
    List<Long> pad = ConvolutionTranslators.sizes(call, call.dims(2), axes);
    Windows windows = windows(call, call.dims(0), call.dims(1), pad, call.flag(3));
    boolean counted = windows.isPadded() && countsPadding(call, windows);
    String input = behindPad(graph.name(call.receiver()), call, graph);
    average(input, windows, counted, call, graph).output(call.result());
  }

  /**
   * Protects the zeros of a Pad: ONNX Runtime would merge it into the pool's own padding, which a
   * maximum treats as less than any number, and which may exceed what a pool allows. It removes
   * nodes that obviously change nothing, but not this one.
   */
  private static String behindPad(String input, Call call, GraphBuilder graph) {
    DataType type = call.receiver().type();
    return type.isFloating() && graph.has("Pad")
        ? graph
            .node("Max", call)
            .input(input)
            .input(graph.scalar(Double.NEGATIVE_INFINITY, type))
            .output()
        : input;
  }

  /**
   * Tests whether the engine counts the padding: DJL's PyTorch engine does so whatever
   * countIncludePad says, but may obey it one day.
   */
  private static boolean countsPadding(Call call, Windows windows) {
    try (NDManager manager = call.receiver().traced().array().getManager().newSubManager()) {
      NDArray ones = manager.ones(new Shape(1, 1).addAll(shape(windows.kernel())));
      NDArray average =
          ones.getNDArrayInternal()
              .avgPool(
                  shape(windows.kernel()),
                  shape(windows.stride()),
                  shape(windows.pad()),
                  false,
                  call.flag(4));
      average.attach(manager);
      return average.flatten().getFloat(0) < 1; // the first window has some padding
    }
  }

  private static Shape shape(List<Long> sizes) {
    return new Shape(sizes);
  }

  /**
   * The divisor of an average is the number of elements, plus the padding if that is counted, but
   * without {@code more}.
   */
  private static NodeBuilder average(
      String input, Windows windows, boolean counted, Call call, GraphBuilder graph) {
    if (counted && windows.isRagged()) {
      List<Long> pads = new ArrayList<>(List.of(0L, 0L));
      pads.addAll(windows.pad());
      String padded =
          graph
              .node("Pad", call)
              .input(input)
              .input(graph.constant(ConvolutionTranslators.bothSides(pads)))
              .output();
      List<Long> none = Collections.nCopies(windows.pad().size(), 0L);
      return windows.node("AveragePool", padded, none, call, graph);
    }
    NodeBuilder node = windows.node("AveragePool", input, call, graph);
    return counted ? node.attribute("count_include_pad", 1L) : node;
  }

  /** lpPool(p, kernel, stride, padding, ceilMode); PyTorch's engine takes no padding. */
  private static void lpPool(Call call, GraphBuilder graph) {
    int axes = ConvolutionTranslators.spatialAxes(call, call.receiver());
    call.requireFloat32(call.receiver());
    if (call.literals(3).stream().anyMatch(size -> size != 0)) {
      throw call.unsupported("padding, which DJL's PyTorch engine refuses or overlooks");
    }
    List<Long> pad = Collections.nCopies(axes, 0L);
    Windows windows = windows(call, call.dims(1), call.dims(2), pad, call.flag(4));
    String powers = power(call, graph, graph.name(call.receiver()), call.number(0)).output();
    String mean = average(powers, windows, false, call, graph).output();
    root(call, graph, mean, windows.kernelSize()).output(call.result());
  }

  /** globalLpPool(p): (N,C,d1…dk) to (N,C). */
  private static void globalLpPool(Call call, GraphBuilder graph) {
    Value input = call.receiver();
    int axes = ConvolutionTranslators.spatialAxes(call, input);
    call.requireFloat32(input);
    double size = 1;
    for (DimExpr dim : input.shape().subList(2, axes + 2)) {
      size *= call.literal(dim);
    }
    String powers = power(call, graph, graph.name(input), call.number(0)).output();
    String mean = graph.node("GlobalAveragePool", call).input(powers).output();
    String root = root(call, graph, mean, size).output();
    graph.node("Flatten", call).input(root).attribute("axis", 1L).output(call.result());
  }

  /** Written out, since PyTorch takes the power of x, but ONNX's LpPool that of |x|. */
  private static NodeBuilder power(Call call, GraphBuilder graph, String input, double exponent) {
    return graph
        .node("Pow", call)
        .input(input)
        .input(graph.scalar(exponent, call.receiver().type()));
  }

  /**
   * PyTorch computes the sum as the mean times the kernel's size, also in ceil mode, where the last
   * windows hold fewer elements.
   */
  private static NodeBuilder root(Call call, GraphBuilder graph, String mean, double kernelSize) {
    String sum =
        graph
            .node("Mul", call)
            .input(mean)
            .input(graph.scalar(kernelSize, call.receiver().type()))
            .output();
    return power(call, graph, sum, 1 / call.number(0));
  }

  /** (N,C,d1…dk) to (N,C). */
  private static void global(String operator, Call call, GraphBuilder graph) {
    ConvolutionTranslators.spatialAxes(call, call.receiver());
    call.requireFloat32(call.receiver());
    String pooled = graph.node(operator, call).input(call.receiver()).output();
    graph.node("Flatten", call).input(pooled).attribute("axis", 1L).output(call.result());
  }
}
