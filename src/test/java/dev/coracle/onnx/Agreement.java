// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
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
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Holds a file in ONNX Runtime against the block in DJL: inputs and outputs of any number and type,
 * at batch 1, 2 and 7, none of which the exporter traces.
 */
final class Agreement {

  /** Leaves the length of an axis open, beside the batch. */
  static final long OPEN = -1;

  private static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();
  private static final String OPEN_AXIS = "length";

  private final Block block;
  private final List<Input> inputs = new ArrayList<>();
  private double tolerance = 1e-5;
  private int opset = OnnxExporter.OPSET;
  private long[] batches = {1, 2, 7};
  private long[] lengths = {6};

  private record Input(Shape shape, DataType type, double low, double high) {}

  private Agreement(Block block) {
    this.block = block;
  }

  static Agreement of(Block block) {
    return new Agreement(block);
  }

  /** Of a function of one array. */
  static Agreement of(UnaryOperator<NDArray> function) {
    return new Agreement(
        new LambdaBlock(list -> new NDList(function.apply(list.singletonOrThrow()))));
  }

  static Agreement ofList(Function<NDList, NDList> function) {
    return new Agreement(new LambdaBlock(function));
  }

  /** Adds an input of numbers between -3 and 3; axis 0 is the batch. */
  Agreement input(DataType type, long... shape) {
    boolean signed = type != DataType.UINT8 && type != DataType.BOOLEAN;
    return between(signed ? -3 : 0, type == DataType.BOOLEAN ? 2 : 3, type, shape);
  }

  /** Adds an input of numbers from {@code low} to below {@code high}. */
  Agreement between(double low, double high, DataType type, long... shape) {
    inputs.add(new Input(new Shape(shape), type, low, high));
    return this;
  }

  /** Relative to the larger of the value and 1. Default 1e-5. */
  Agreement tolerance(double tolerance) {
    this.tolerance = tolerance;
    return this;
  }

  Agreement opset(int opset) {
    this.opset = opset;
    return this;
  }

  Agreement batches(long... batches) {
    this.batches = batches;
    return this;
  }

  /** Sets the lengths of the axes that are {@link #OPEN}. */
  Agreement lengths(long... lengths) {
    this.lengths = lengths;
    return this;
  }

  void holds() throws IOException, OrtException {
    Path file = Files.createTempFile("model", ".onnx");
    try {
      OnnxExporter exporter = OnnxExporter.builder().block(block).opset(opset).verify(false);
      for (int i = 0; i < inputs.size(); i++) {
        Input input = inputs.get(i);
        String name = "input_" + i;
        exporter.input(name, input.shape(), input.type());
        for (int axis = 1; axis < input.shape().dimension(); axis++) {
          if (input.shape().get(axis) == OPEN) {
            exporter.dynamicAxis(name, axis, OPEN_AXIS);
          }
        }
      }
      exporter.export(file);
      try (OrtSession session = ORT.createSession(Files.readAllBytes(file))) {
        for (long batch : batches) {
          for (long length : lengths) {
            compare(session, batch, length);
          }
        }
      }
    } finally {
      Files.delete(file);
    }
  }

  private void compare(OrtSession session, long batch, long length) throws OrtException {
    Random random = new Random(batch * 31 + length);
    Map<String, OnnxTensor> feed = new LinkedHashMap<>();
    try (NDManager manager = NDManager.newBaseManager()) {
      NDList given = new NDList();
      for (Input input : inputs) {
        NDArray array = random(input, batch, length, random, manager);
        given.add(array);
        feed.put("input_" + feed.size(), tensor(array));
      }
      NDList expected = block.forward(new ParameterStore(manager, false), given, false);
      try (OrtSession.Result results = session.run(feed)) {
        assertThat(results.size()).isEqualTo(expected.size());
        for (int i = 0; i < expected.size(); i++) {
          String where = "output %d at batch %d, length %d".formatted(i, batch, length);
          compare(expected.get(i), (OnnxTensor) results.get(i), where);
        }
      }
    } finally {
      feed.values().forEach(OnnxTensor::close);
    }
  }

  private static NDArray random(
      Input input, long batch, long length, Random random, NDManager manager) {
    long[] dims = input.shape().getShape().clone();
    dims[0] = batch;
    for (int axis = 1; axis < dims.length; axis++) {
      dims[axis] = dims[axis] == OPEN ? length : dims[axis];
    }
    Shape shape = new Shape(dims);
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      double value = input.low() + random.nextDouble() * (input.high() - input.low());
      values[i] = input.type().isFloating() ? value : Math.floor(value);
    }
    return manager.create(values, shape).toType(input.type(), true);
  }

  private static OnnxTensor tensor(NDArray array) throws OrtException {
    ByteBuffer bytes = array.toByteBuffer();
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining()).order(ByteOrder.nativeOrder());
    direct.put(bytes).flip();
    return OnnxTensor.createTensor(
        ORT, direct, array.getShape().getShape(), javaType(array.getDataType()));
  }

  private static OnnxJavaType javaType(DataType type) {
    return switch (type) {
      case FLOAT32 -> OnnxJavaType.FLOAT;
      case FLOAT64 -> OnnxJavaType.DOUBLE;
      case UINT8 -> OnnxJavaType.UINT8;
      case INT8 -> OnnxJavaType.INT8;
      case INT16 -> OnnxJavaType.INT16;
      case INT32 -> OnnxJavaType.INT32;
      case INT64 -> OnnxJavaType.INT64;
      case BOOLEAN -> OnnxJavaType.BOOL;
      default -> throw new IllegalArgumentException(type.toString());
    };
  }

  private void compare(NDArray expected, OnnxTensor actual, String where) {
    assertThat(actual.getInfo().type).as(where).isEqualTo(javaType(expected.getDataType()));
    assertThat(actual.getInfo().getShape()).as(where).isEqualTo(expected.getShape().getShape());
    double[] values = expected.toType(DataType.FLOAT64, true).toDoubleArray();
    double[] others = values(actual, values.length);
    for (int i = 0; i < values.length; i++) {
      double error = Math.abs(values[i] - others[i]);
      boolean same = Double.compare(values[i], others[i]) == 0;
      // Not isEqualTo alone: one assertion a number would dominate the time of these tests.
      if (!same && !(error <= tolerance * Math.max(1, Math.abs(values[i])))) {
        assertThat(others[i]).as("%s, [%d]", where, i).isEqualTo(values[i]);
      }
    }
  }

  private static double[] values(OnnxTensor tensor, int count) {
    double[] values = new double[count];
    ByteBuffer bytes = tensor.getByteBuffer().order(ByteOrder.nativeOrder());
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (tensor.getInfo().type) {
            case FLOAT -> bytes.getFloat();
            case DOUBLE -> bytes.getDouble();
            case UINT8 -> bytes.get() & 0xff;
            case INT8, BOOL -> bytes.get();
            case INT16 -> bytes.getShort();
            case INT32 -> bytes.getInt();
            case INT64 -> bytes.getLong();
            default -> throw new IllegalArgumentException(tensor.getInfo().toString());
          };
    }
    return values;
  }
}
