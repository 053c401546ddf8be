// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.util.List;
import java.util.Map;

/**
 * A finished graph.
 *
 * @param domains versions of the operators' domains besides ONNX's own
 * @param graph without initializers
 * @param initializers in the order of first use
 * @param traced what the traces know of arrays of the graph, by name: their type and shape
 */
record OnnxGraph(
    int opset,
    Map<String, Long> domains,
    GraphProto graph,
    List<Initializer> initializers,
    Map<String, Value> traced) {}
