// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import java.nio.file.Path;
import java.util.Collections;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** An argument of the exporter that cannot be right is named. */
class ExporterArgumentsTest {

  private static final Shape SHAPE = new Shape(1, 3);

  @Test
  void setter_givenNull_namesTheArgument() {
    OnnxExporter exporter = OnnxExporter.builder();
    namesNull("block", () -> exporter.block(nothing()));
    namesNull("model", () -> exporter.model(nothing()));
    namesNull("name", () -> exporter.input(nothing(), SHAPE));
    namesNull("shape", () -> exporter.input("x", nothing()));
    namesNull("type", () -> exporter.input("x", SHAPE, nothing()));
    namesNull("name", () -> exporter.output(nothing()));
    namesNull("input", () -> exporter.dynamicAxis(nothing(), 0, "rows"));
    namesNull("name", () -> exporter.dynamicAxis("x", 0, nothing()));
    namesNull(
        "sizes",
        () -> exporter.dynamicAxis("x", 0, "rows", ExporterArgumentsTest.<long[]>nothing()));
    namesNull("input", () -> exporter.staticAxis(nothing(), 0));
    namesNull("entries", () -> exporter.metadata(nothing()));
    namesNull(
        "a key of entries",
        () ->
            exporter.metadata(
                Collections.singletonMap(ExporterArgumentsTest.<String>nothing(), "v")));
    namesNull(
        "the value of entry 'k'",
        () ->
            exporter.metadata(
                Collections.singletonMap("k", ExporterArgumentsTest.<String>nothing())));
    namesNull("text", () -> exporter.docString(nothing()));
    namesNull("function", () -> exporter.prepend(nothing()));
    namesNull("function", () -> exporter.append(nothing()));
    namesNull("method", () -> exporter.translator(nothing(), (call, graph) -> {}));
    namesNull("translator", () -> exporter.translator("NDArray.erfinv", nothing()));
    namesNull("arrays", () -> exporter.exampleInputs(nothing()));
    namesNull("file", () -> exporter.export(nothing()));
    namesNull("check", () -> exporter.export(Path.of("never.onnx"), nothing()));
    assertThatThrownBy(() -> exporter.output(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("an output needs a name");
  }

  static void namesNull(String argument, ThrowingCallable call) {
    assertThatThrownBy(call).isInstanceOf(NullPointerException.class).hasMessage(argument);
  }

  @Test
  void translator_ofNoMethod_isRefusedWithTheClosest() {
    noMethod("erfinv", "such as NDArray.erfinv");
    noMethod("NDArray.erfInv", "such as NDArray.erfinv");
    noMethod("NDArray.relu", "such as NDArrayEx.relu");
    noMethod("NDArray.getShape", "docs/onnx-operators.md");
    noMethod("", "docs/onnx-operators.md");
  }

  private static void noMethod(String method, String message) {
    assertThatThrownBy(() -> OnnxExporter.builder().translator(method, (call, graph) -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("no method '" + method + "'", message);
  }

  /** What code without null checks may give. */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  static <T> T nothing() {
    return null;
  }

  @Test
  void names_takenTwice_isRefused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Block linear = Linear.builder().setUnits(3).build();
      linear.initialize(manager, DataType.FLOAT32, SHAPE);
      for (String[] names : new String[][] {{"weight", "y"}, {"x", "bias"}, {"x", "x"}}) {
        assertThatThrownBy(
                () ->
                    OnnxExporter.builder()
                        .block(linear)
                        .input(names[0], SHAPE)
                        .output(names[1])
                        .export(Path.of("never.onnx")))
            .isInstanceOf(ExportException.class)
            .hasMessageContaining("two arrays of the graph would be named");
      }
    }
  }
}
