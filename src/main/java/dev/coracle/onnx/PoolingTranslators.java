// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Map;

/** Pooling of (N,C,d1…dk) arrays. */
final class PoolingTranslators {

  static final Map<String, OpTranslator> BY_METHOD =
      Map.of("NDArrayEx.maxPool", PoolingTranslators::maxPool);

  private PoolingTranslators() {}

  /** maxPool(kernel, stride, padding, ceilMode). */
  private static void maxPool(Call call, GraphBuilder graph) {
    if (call.flag(3)) {
      throw call.unsupported("ceil mode");
    }
    int axes = ConvolutionTranslators.spatialAxes(call, call.receiver());
    graph
        .node("MaxPool", call)
        .input(call.receiver())
        .attribute("kernel_shape", ConvolutionTranslators.sizes(call, call.dims(0), axes))
        .attribute(
            "pads",
            ConvolutionTranslators.bothSides(
                ConvolutionTranslators.sizes(call, call.dims(2), axes)))
        .attribute("strides", ConvolutionTranslators.sizes(call, call.dims(1), axes))
        .output(call.result());
  }
}
