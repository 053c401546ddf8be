// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Writes the nodes that make a constant whose shape or content follows from sizes. */
final class ConstantNodes {

  private static final String WHY = "constant";

  private ConstantNodes() {}

  /** Adds the nodes and returns the name of the array that they make. */
  static String add(Value value, Constant constant, GraphBuilder graph) {
    if (constant instanceof Constant.Repeated repeated) {
      return repeated(value, repeated, graph);
    }
    if (constant instanceof Constant.Ramp ramp) {
      return ramp(value, ramp, graph);
    }
    if (constant instanceof Constant.Size size) {
      String number = graph.scalar(size.number(), value.type());
      return value.shape().isEmpty()
          ? number
          : graph.helper("Reshape", WHY).input(number).input(graph.shape(value.shape())).output();
    }
    throw new IllegalArgumentException(constant + " is an initializer");
  }

  private static String repeated(Value value, Constant.Repeated repeated, GraphBuilder graph) {
    String shape = graph.shape(value.shape());
    if (repeated.base().size() == 1) {
      return graph
          .helper("ConstantOfShape", WHY)
          .input(shape)
          .attribute("value", Numbers.tensor(repeated.base()))
          .output();
    }
    String base = graph.initializer("constant_" + value.id(), repeated.base());
    return graph.helper("Expand", WHY).input(base).input(shape).output();
  }

  private static String ramp(Value value, Constant.Ramp ramp, GraphBuilder graph) {
    // Older opsets have no arithmetic of bytes, and ONNX Runtime has none for these types.
    DataType type =
        switch (value.type()) {
          case INT8, UINT8 -> DataType.INT32;
          case FLOAT16 -> DataType.FLOAT32;
          default -> value.type();
        };
    String index =
        graph
            .helper("Range", WHY)
            .input(graph.scalar(0, DataType.INT64))
            .input(graph.scalar(value.shape().get(ramp.axis()), DataType.INT64))
            .input(graph.scalar(1, DataType.INT64))
            .output();
    List<Long> along = new ArrayList<>(Collections.nCopies(value.rank(), 1L));
    along.set(ramp.axis(), -1L);
    String shaped = graph.helper("Reshape", WHY).input(index).input(graph.constant(along)).output();
    String scaled =
        graph
            .helper("Mul", WHY)
            .input(graph.cast(shaped, type, WHY))
            .input(graph.scalar(ramp.step(), type))
            .output();
    String base = graph.initializer("constant_" + value.id(), ramp.base());
    if (type == value.type()) {
      return graph.helper("Add", WHY).input(scaled).input(base).output();
    }
    String wide = cast(base, type, graph);
    String sum = graph.helper("Add", WHY).input(scaled).input(wide).output();
    return cast(sum, value.type(), graph);
  }

  private static String cast(String name, DataType type, GraphBuilder graph) {
    return graph
        .helper("Cast", WHY)
        .input(name)
        .attribute("to", OnnxTypes.elementType(type))
        .output();
  }
}
