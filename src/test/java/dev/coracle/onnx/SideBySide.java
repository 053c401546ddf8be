// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Compares blocks of any number of inputs and outputs with their files in ONNX Runtime. */
final class SideBySide {

  private static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();

  private SideBySide() {}

  /** Makes a block that applies each function to its input: many comparisons by one export. */
  static Block all(List<UnaryOperator<NDArray>> functions) {
    return new LambdaBlock(
        list -> {
          NDList outputs = new NDList();
          functions.forEach(function -> outputs.add(function.apply(list.singletonOrThrow())));
          return outputs;
        });
  }

  /**
   * Exports a block of one float32 input, and compares at batch 1, 2 and 7 on normal random
   * numbers.
   */
  static void check(Block block, Shape shape, int opset, double tolerance)
      throws IOException, OrtException {
    check(block, shape, opset, tolerance, 1, 2, 7);
  }

  static void check(Block block, Shape shape, int opset, double tolerance, long... batches)
      throws IOException, OrtException {
    try (NDManager manager = NDManager.newBaseManager()) {
      Engine.getInstance().setRandomSeed(31);
      byte[] model = export(block, opset, new NDList(manager.zeros(shape)));
      try (OrtSession session = ORT.createSession(model)) {
        for (long batch : batches) {
          long[] dims = shape.getShape().clone();
          dims[0] = batch;
          NDArray input = manager.randomNormal(new Shape(dims));
          check(session, block, new NDList(input), tolerance);
        }
      }
    }
  }

  /** Exports with inputs of these shapes and types, of which axis 0 is dynamic. */
  static byte[] export(Block block, int opset, NDList inputs) throws IOException {
    OnnxExporter exporter = OnnxExporter.builder().block(block).opset(opset).verify(false);
    for (int i = 0; i < inputs.size(); i++) {
      exporter.input("input_" + i, inputs.get(i).getShape(), inputs.get(i).getDataType());
    }
    return export(exporter);
  }

  static byte[] export(OnnxExporter exporter) throws IOException {
    Path file = Files.createTempFile("model", ".onnx");
    try {
      exporter.export(file);
      return Files.readAllBytes(file);
    } finally {
      Files.delete(file);
    }
  }

  static void check(byte[] model, Block block, NDList inputs, double tolerance)
      throws OrtException {
    try (OrtSession session = ORT.createSession(model)) {
      check(session, block, inputs, tolerance);
    }
  }

  private static void check(OrtSession session, Block block, NDList inputs, double tolerance)
      throws OrtException {
    try (NDManager manager = inputs.head().getManager().newSubManager()) {
      NDList expected = forward(block, inputs, manager);
      List<Output> actual = run(session, inputs);
      assertThat(actual).as("outputs").hasSameSizeAs(expected);
      for (int i = 0; i < actual.size(); i++) {
        assertClose(
            "output %d at %s".formatted(i, inputs.head().getShape()),
            actual.get(i),
            expected.get(i),
            tolerance);
      }
    }
  }

  static NDList forward(Block block, NDList inputs, NDManager manager) {
    NDList outputs = block.forward(new ParameterStore(manager, false), new NDList(inputs), false);
    outputs.attach(manager);
    return outputs;
  }

  /** Values of one output, with its shape; never compared. */
  @SuppressWarnings("ArrayRecordComponent")
  record Output(double[] values, long[] shape) {}

  static List<Output> run(byte[] model, NDList inputs) throws OrtException {
    try (OrtSession session = ORT.createSession(model)) {
      return run(session, inputs);
    }
  }

  private static List<Output> run(OrtSession session, NDList inputs) throws OrtException {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    try {
      for (int i = 0; i < inputs.size(); i++) {
        tensors.put("input_" + i, tensor(inputs.get(i)));
      }
      try (OrtSession.Result result = session.run(tensors)) {
        List<Output> outputs = new ArrayList<>();
        result.forEach(entry -> outputs.add(output((OnnxTensor) entry.getValue())));
        return outputs;
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(NDArray array) throws OrtException {
    ByteBuffer bytes = array.toByteBuffer().order(ByteOrder.nativeOrder());
    long[] shape = array.getShape().getShape();
    return switch (array.getDataType()) {
      case FLOAT32 -> OnnxTensor.createTensor(ORT, bytes.asFloatBuffer(), shape);
      case FLOAT64 -> OnnxTensor.createTensor(ORT, bytes.asDoubleBuffer(), shape);
      case INT32 -> OnnxTensor.createTensor(ORT, bytes.asIntBuffer(), shape);
      case INT64 -> OnnxTensor.createTensor(ORT, bytes.asLongBuffer(), shape);
      default -> throw new IllegalArgumentException(array.getDataType().toString());
    };
  }

  static Output output(NDArray array) {
    double[] values = array.toType(DataType.FLOAT64, false).toDoubleArray();
    return new Output(values, array.getShape().getShape());
  }

  private static Output output(OnnxTensor tensor) {
    double[] values = new double[Math.toIntExact(new Shape(tensor.getInfo().getShape()).size())];
    ByteBuffer bytes = tensor.getByteBuffer().order(ByteOrder.nativeOrder());
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (tensor.getInfo().type) {
            case FLOAT -> bytes.getFloat();
            case DOUBLE -> bytes.getDouble();
            case INT32 -> bytes.getInt();
            case INT64 -> bytes.getLong();
            case BOOL -> bytes.get();
            default -> throw new IllegalArgumentException(tensor.getInfo().toString());
          };
    }
    return new Output(values, tensor.getInfo().getShape());
  }

  /**
   * Asserts equal shapes, and equal numbers.
   *
   * @param tolerance relative to the larger of the number and 1
   */
  static void assertClose(String what, Output actual, NDArray expected, double tolerance) {
    assertThat(actual.shape()).as(what).isEqualTo(expected.getShape().getShape());
    double[] numbers = expected.toType(DataType.FLOAT64, false).toDoubleArray();
    for (int i = 0; i < numbers.length; i++) {
      double error = Math.abs(numbers[i] - actual.values()[i]);
      boolean close = error <= tolerance * Math.max(1, Math.abs(numbers[i]));
      // Not isEqualTo alone: one assertion a number would dominate the time of these tests.
      if (!close && Double.compare(numbers[i], actual.values()[i]) != 0) { // NaN equals itself
        assertThat(actual.values()[i]).as("%s, [%d]", what, i).isEqualTo(numbers[i]);
      }
    }
  }
}
