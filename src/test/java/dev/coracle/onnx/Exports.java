// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.Message;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/** Exports blocks and runs the files in ONNX Runtime, the oracle of this package's tests. */
final class Exports {

  private static final OrtEnvironment ORT = OrtEnvironment.getEnvironment();

  private Exports() {}

  static Block lambda(UnaryOperator<NDArray> function) {
    return new LambdaBlock(list -> new NDList(function.apply(list.singletonOrThrow())));
  }

  /** Makes a block that applies each function to its input: many comparisons by one export. */
  static Block all(List<UnaryOperator<NDArray>> functions) {
    return new LambdaBlock(
        list -> {
          NDList outputs = new NDList();
          functions.forEach(function -> outputs.add(function.apply(list.singletonOrThrow())));
          return outputs;
        });
  }

  /** Without verification: it would turn a wrong file into an exception that a test may expect. */
  static ExportReport export(Block block, Shape shape, Path file) throws IOException {
    return exporter(block, shape).export(file);
  }

  static OnnxExporter exporter(Block block, Shape shape) {
    return OnnxExporter.builder().block(block).input("input_0", shape).verify(false);
  }

  /** Exports to a file that goes again. */
  static byte[] bytes(OnnxExporter exporter) throws IOException {
    Path file = Files.createTempFile("model", ".onnx");
    try {
      exporter.export(file);
      return Files.readAllBytes(file);
    } finally {
      Files.delete(file);
    }
  }

  static ModelProto model(Block block, Shape shape) throws IOException {
    return parse(bytes(exporter(block, shape)));
  }

  static ModelProto parse(Path file) throws IOException {
    return parse(Files.readAllBytes(file));
  }

  /** Parses a file, every byte of which must mean something to ONNX's own definition. */
  static ModelProto parse(byte[] bytes) throws IOException {
    ModelProto model = ModelProto.parseFrom(bytes);
    assertThat(model.toByteArray()).isEqualTo(bytes);
    assertNoUnknownFields(model);
    return model;
  }

  private static void assertNoUnknownFields(Message message) {
    assertThat(message.getUnknownFields().asMap()).isEmpty();
    for (Object field : message.getAllFields().values()) {
      for (Object value : field instanceof List<?> list ? list : List.of(field)) {
        if (value instanceof Message inner) {
          assertNoUnknownFields(inner);
        }
      }
    }
  }

  /** Runs a file whose inputs are {@code input_0}, {@code input_1}, … */
  static List<Values> run(byte[] model, NDList inputs) throws OrtException {
    try (OrtSession session = ORT.createSession(model)) {
      return run(session, inputs);
    }
  }

  static List<Values> run(OrtSession session, NDList inputs) throws OrtException {
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    try {
      for (NDArray input : inputs) {
        tensors.put("input_" + tensors.size(), tensor(input));
      }
      try (OrtSession.Result result = session.run(tensors)) {
        List<Values> outputs = new ArrayList<>();
        result.forEach(entry -> outputs.add(Values.of((OnnxTensor) entry.getValue())));
        return outputs;
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(NDArray array) throws OrtException {
    ByteBuffer bytes = array.toByteBuffer();
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining()).order(ByteOrder.nativeOrder());
    direct.put(bytes).flip();
    return OnnxTensor.createTensor(
        ORT, direct, array.getShape().getShape(), Values.type(array.getDataType()));
  }

  /** Runs a file of one float32 input and one float32 output. */
  static float[] run(byte[] model, float[] input, long... shape) throws OrtException {
    double[] numbers = output(model, input, shape).numbers();
    float[] floats = new float[numbers.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return floats;
  }

  private static Values output(byte[] model, float[] input, long... shape) throws OrtException {
    try (OrtSession session = ORT.createSession(model);
        OnnxTensor tensor = OnnxTensor.createTensor(ORT, FloatBuffer.wrap(input), shape);
        OrtSession.Result result =
            session.run(Map.of(session.getInputNames().iterator().next(), tensor))) {
      return Values.of((OnnxTensor) result.get(0));
    }
  }

  /**
   * Exports, and compares ONNX Runtime with DJL at batch 1, 2 and 7: none of them a size that the
   * exporter traces.
   *
   * @param tolerance relative to the larger of the value and 1
   */
  static void assertAgrees(Block block, Shape shape, double tolerance)
      throws IOException, OrtException {
    byte[] model = model(block, shape).toByteArray();
    for (long batch : new long[] {1, 2, 7}) {
      assertAgrees(model, block, shape, tolerance, batch);
    }
  }

  static void assertAgrees(byte[] model, Block block, Shape shape, double tolerance, long batch)
      throws OrtException {
    long[] dims = shape.getShape().clone();
    dims[0] = batch;
    Random random = new Random(batch * 31 + dims.length);
    float[] input = new float[Math.toIntExact(new Shape(dims).size())];
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) random.nextGaussian();
    }
    try (NDManager manager = NDManager.newBaseManager()) {
      NDList outputs =
          block.forward(
              new ParameterStore(manager, false),
              new NDList(manager.create(input, new Shape(dims))),
              false);
      Values expected = Values.of(outputs.singletonOrThrow()).withoutNan("DJL's output");
      output(model, input, dims).assertClose("output at batch " + batch, expected, tolerance);
    }
  }

  /** Returns the only node of an operator. */
  static NodeProto node(ModelProto model, String operator) {
    return model.getGraph().getNodeList().stream()
        .filter(node -> node.getOpType().equals(operator))
        .reduce(
            (a, b) -> {
              throw new AssertionError("two nodes " + operator);
            })
        .orElseThrow();
  }

  /** Returns all arrays that DJL holds in native memory. */
  static long liveArrays() {
    try (NDManager manager = NDManager.newBaseManager()) {
      return manager.getParentManager().getManagedArrays().size();
    }
  }

  static float[] ramp(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (i % 13 - 6) / 8f;
    }
    return values;
  }
}
