// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static dev.coracle.inference.TensorSpec.DYNAMIC;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Writes models of MNIST's size that take as long for an image as a test wants: a chain of MatMuls
 * that share one weight, so that the file stays small. Each replaces all pixels by their mean.
 */
public final class SlowModel {

  private static final int PIXELS = 28 * 28;

  private SlowModel() {}

  /** Writes a model of {@code steps} MatMuls; 100 take some 10 ms for an image. */
  public static Path write(Path file, int steps) throws IOException {
    return write(file, steps, Map.of());
  }

  /** Writes the same with metadata. */
  public static Path write(Path file, int steps, Map<String, String> metadata) throws IOException {
    float[] mean = new float[PIXELS * PIXELS];
    Arrays.fill(mean, 1f / PIXELS);
    float[] last = new float[PIXELS * 10];
    for (int i = 0; i < last.length; i++) {
      last[i] = i % 10 / (float) PIXELS;
    }
    GraphProto.Builder graph = GraphProto.newBuilder().setName("slow");
    graph.addInput(TestModel.tensor("input_0", TestModel.FLOAT, DYNAMIC, 1, 28, 28));
    graph.addOutput(TestModel.tensor("output_0", TestModel.FLOAT, DYNAMIC, 10));
    graph.addInitializer(TestModel.floats("mean", List.of(PIXELS, PIXELS), mean));
    graph.addInitializer(TestModel.floats("last", List.of(PIXELS, 10), last));
    graph.addNode(TestModel.node("Flatten", "step_0", "input_0"));
    for (int i = 0; i < steps; i++) {
      graph.addNode(TestModel.node("MatMul", "step_" + (i + 1), "step_" + i, "mean"));
    }
    graph.addNode(TestModel.node("MatMul", "output_0", "step_" + steps, "last"));
    return Files.write(file, TestModel.model(graph, metadata));
  }
}
