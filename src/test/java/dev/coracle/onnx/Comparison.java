// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxJavaType;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Exports a block of several inputs, of any types and dynamic axes, and compares all outputs of
 * ONNX Runtime with DJL's at sizes of the caller's choice.
 */
final class Comparison {

  private static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();

  private final Block block;
  private final OnnxExporter exporter;
  private final List<InputSpec> inputs = new ArrayList<>();
  private final List<Integer> limits = new ArrayList<>();
  private boolean shapes = true;

  private Comparison(Block block) {
    this.block = block;
    this.exporter = OnnxExporter.builder().block(block).verify(false);
  }

  static Comparison of(Block block) {
    return new Comparison(block);
  }

  /** Adds a float32 input of standard normal numbers. */
  Comparison input(Shape shape) {
    return input(shape, DataType.FLOAT32, 0);
  }

  /** Adds an input of whole numbers from 0 to below {@code limit}. */
  Comparison input(Shape shape, DataType type, int limit) {
    String name = "input_" + inputs.size();
    exporter.input(name, shape, type);
    inputs.add(new InputSpec(name, shape, type, Map.of(0, GraphBuilder.BATCH_AXIS)));
    limits.add(limit);
    return this;
  }

  /** Leaves an axis of the input that was added last open, under a name. */
  Comparison axis(int axis, String name) {
    InputSpec last = inputs.get(inputs.size() - 1);
    exporter.dynamicAxis(last.name(), axis, name);
    last.axes().put(axis, name);
    return this;
  }

  Comparison staticAxis(int axis) {
    InputSpec last = inputs.get(inputs.size() - 1);
    exporter.staticAxis(last.name(), axis);
    last.axes().remove(axis);
    return this;
  }

  Comparison opset(int version) {
    exporter.opset(version);
    return this;
  }

  /** Compares numbers alone: squeeze() takes axes of DJL's output that ONNX keeps. */
  Comparison whateverTheShape() {
    shapes = false;
    return this;
  }

  ModelProto model() throws IOException {
    return ModelProto.parseFrom(bytes());
  }

  private byte[] bytes() throws IOException {
    Path file = Files.createTempFile("model", ".onnx");
    try {
      exporter.export(file);
      return Files.readAllBytes(file);
    } finally {
      Files.delete(file);
    }
  }

  /** Compares at batches of these sizes, where no other axis is open. */
  void agrees(double tolerance, long... batches) throws IOException, OrtException {
    List<Map<String, Long>> sizes = new ArrayList<>();
    for (long batch : batches) {
      sizes.add(Map.of(GraphBuilder.BATCH_AXIS, batch));
    }
    agrees(tolerance, sizes);
  }

  /**
   * @param tolerance relative to the larger of the value and 1
   */
  void agrees(double tolerance, List<Map<String, Long>> sizes) throws IOException, OrtException {
    try (OrtSession session = ORT.createSession(bytes())) {
      for (Map<String, Long> at : sizes) {
        try (NDManager manager = NDManager.newBaseManager()) {
          compare(session, manager, at, tolerance);
        }
      }
    }
  }

  private void compare(
      OrtSession session, NDManager manager, Map<String, Long> at, double tolerance)
      throws OrtException {
    Random random = new Random(at.hashCode());
    NDList arguments = new NDList();
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    try {
      for (int i = 0; i < inputs.size(); i++) {
        InputSpec input = inputs.get(i);
        NDArray array = random(manager, random, input.at(at), input.type(), limits.get(i));
        arguments.add(array);
        tensors.put(input.name(), tensor(array));
      }
      NDList expected = block.forward(new ParameterStore(manager, false), arguments, false);
      try (OrtSession.Result result = session.run(tensors)) {
        assertThat(result.size()).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
          compare(
              "output %d at %s".formatted(i, at),
              expected.get(i),
              (OnnxTensor) result.get(i),
              tolerance);
        }
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  private void compare(String what, NDArray expected, OnnxTensor actual, double tolerance) {
    if (shapes) {
      assertThat(actual.getInfo().getShape()).as(what).isEqualTo(expected.getShape().getShape());
    }
    assertThat(actual.getInfo().type).as(what).isEqualTo(type(expected.getDataType()));
    double[] left = doubles(expected);
    double[] right;
    try (NDManager manager = NDManager.newBaseManager()) {
      right =
          doubles(
              manager.create(
                  actual.getByteBuffer(),
                  new Shape(actual.getInfo().getShape()),
                  expected.getDataType()));
    }
    assertThat(right).as(what).hasSameSizeAs(left);
    for (int i = 0; i < left.length; i++) {
      if (!(Math.abs(left[i] - right[i]) <= tolerance * Math.max(1, Math.abs(left[i])))) {
        assertThat(right[i]).as("%s, [%d]", what, i).isEqualTo(left[i]);
      }
    }
  }

  private static double[] doubles(NDArray array) {
    try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
      return wide.toDoubleArray();
    }
  }

  private static NDArray random(
      NDManager manager, Random random, Shape shape, DataType type, int limit) {
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = limit == 0 ? random.nextGaussian() : random.nextInt(limit);
    }
    return manager.create(values, shape).toType(type, true);
  }

  private static OnnxTensor tensor(NDArray array) throws OrtException {
    ByteBuffer bytes = array.toByteBuffer();
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining());
    return OnnxTensor.createTensor(
        ORT,
        direct.order(ByteOrder.nativeOrder()).put(bytes).rewind(),
        array.getShape().getShape(),
        type(array.getDataType()));
  }

  private static OnnxJavaType type(DataType type) {
    return switch (type) {
      case FLOAT32 -> OnnxJavaType.FLOAT;
      case FLOAT64 -> OnnxJavaType.DOUBLE;
      case INT64 -> OnnxJavaType.INT64;
      case INT32 -> OnnxJavaType.INT32;
      case INT8 -> OnnxJavaType.INT8;
      case UINT8 -> OnnxJavaType.UINT8;
      case BOOLEAN -> OnnxJavaType.BOOL;
      default -> throw new IllegalArgumentException(type.toString());
    };
  }

  /**
   * Initializes a block, and gives what DJL starts with zeros (biases, batch norm's statistics)
   * numbers as training would.
   */
  static Block initialize(Block block, NDManager manager, Shape... shapes) {
    block.initialize(manager, DataType.FLOAT32, shapes);
    Random random = new Random(11);
    for (Parameter parameter : block.getParameters().values()) {
      NDArray array = parameter.getArray();
      float[] values = array.toFloatArray();
      for (int i = 0; i < values.length; i++) {
        double normal = random.nextGaussian();
        switch (parameter.getType()) {
          case GAMMA -> values[i] = (float) (0.5 + normal / 8);
          case RUNNING_VAR -> values[i] = (float) (0.5 + Math.abs(normal));
          case BETA, RUNNING_MEAN, BIAS -> values[i] = (float) (normal / 4);
          default -> {}
        }
      }
      array.set(values);
    }
    return block;
  }
}
