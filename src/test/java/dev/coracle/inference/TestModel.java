// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes small ONNX files (opset 17) whose answers plain Java can compute: one linear layer over
 * the pixels with weights from a formula, then a log-softmax where asked for. A uint8 input is
 * scaled in the graph.
 *
 * @param end operator after the linear layer, LogSoftmax or Softmax, or empty for none
 * @param batch size of the batch axis, or {@link TensorSpec#DYNAMIC}
 */
public record TestModel(
    boolean uint8,
    String end,
    long batch,
    int rows,
    int columns,
    int classes,
    float mean,
    float std,
    Map<String, String> metadata) {

  static final int FLOAT = TensorProto.DataType.FLOAT.getNumber();
  static final int UINT8 = TensorProto.DataType.UINT8.getNumber();

  /** A float32 model of MNIST's size that gives logits and has no metadata. */
  public static TestModel logits() {
    return new TestModel(false, "", TensorSpec.DYNAMIC, 28, 28, 10, 0f, 1f, Map.of());
  }

  /** A float32 model of MNIST's size that says all that Coracle's exporter says. */
  public static TestModel mnist() {
    return logits().withLogSoftmax().withMetadata(MNIST_METADATA).withScaling(0.1307f, 0.3081f);
  }

  private static final Map<String, String> MNIST_METADATA =
      Map.of(
          "coracle.labels", "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine",
          "coracle.output", "log_probabilities",
          "coracle.mean", "0.1307",
          "coracle.std", "0.3081");

  TestModel withLogSoftmax() {
    return new TestModel(uint8, "LogSoftmax", batch, rows, columns, classes, mean, std, metadata);
  }

  public TestModel withSoftmax() {
    return new TestModel(uint8, "Softmax", batch, rows, columns, classes, mean, std, metadata);
  }

  public TestModel withUint8Input() {
    return new TestModel(true, end, batch, rows, columns, classes, mean, std, metadata);
  }

  public TestModel withBatch(long size) {
    return new TestModel(uint8, end, size, rows, columns, classes, mean, std, metadata);
  }

  public TestModel withSize(int rows, int columns, int classes) {
    return new TestModel(uint8, end, batch, rows, columns, classes, mean, std, metadata);
  }

  TestModel withScaling(float mean, float std) {
    return new TestModel(uint8, end, batch, rows, columns, classes, mean, std, metadata);
  }

  public TestModel withMetadata(Map<String, String> metadata) {
    return new TestModel(uint8, end, batch, rows, columns, classes, mean, std, metadata);
  }

  /** Weight of a pixel for a class: of either sign, and unlike for neighbours of both kinds. */
  static float weight(int pixel, int label) {
    return ((pixel * 31 + label * 17) % 23 - 11) / 200f;
  }

  static float bias(int label) {
    return label / 10f - 0.5f;
  }

  /** Computes in double precision what a classifier must answer: the log-probabilities. */
  public double[] expected(byte[] image) {
    double[] scores = new double[classes];
    double sum = 0;
    for (int label = 0; label < classes; label++) {
      scores[label] = bias(label);
      for (int pixel = 0; pixel < image.length; pixel++) {
        double value = ((image[pixel] & 0xff) / 255.0 - mean) / std;
        scores[label] += value * weight(pixel, label);
      }
      sum += Math.exp(scores[label]);
    }
    for (int label = 0; label < classes; label++) {
      scores[label] -= Math.log(sum);
    }
    return scores;
  }

  public Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  byte[] bytes() {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("test");
    graph.addInput(tensor("input_0", uint8 ? UINT8 : FLOAT, batch, 1, rows, columns));
    graph.addOutput(tensor("output_0", FLOAT, batch, classes));
    String image = "input_0";
    if (uint8) {
      graph.addInitializer(floats("full", List.of(), 255f));
      graph.addInitializer(floats("mean", List.of(), mean));
      graph.addInitializer(floats("std", List.of(), std));
      graph.addNode(node("Cast", "cast", image).addAttribute(integer("to", FLOAT)));
      graph.addNode(node("Div", "unit", "cast", "full"));
      graph.addNode(node("Sub", "centred", "unit", "mean"));
      graph.addNode(node("Div", "scaled", "centred", "std"));
      image = "scaled";
    }
    int pixels = rows * columns;
    float[] weights = new float[pixels * classes];
    float[] biases = new float[classes];
    for (int label = 0; label < classes; label++) {
      biases[label] = bias(label);
      for (int pixel = 0; pixel < pixels; pixel++) {
        weights[pixel * classes + label] = weight(pixel, label);
      }
    }
    graph.addInitializer(floats("weight", List.of(pixels, classes), weights));
    graph.addInitializer(floats("bias", List.of(classes), biases));
    graph.addNode(node("Flatten", "flat", image)); // (N,1,rows,columns) -> (N,pixels)
    String scores = end.isEmpty() ? "output_0" : "logits";
    graph.addNode(node("Gemm", scores, "flat", "weight", "bias")); // (N,pixels) -> (N,classes)
    if (!end.isEmpty()) {
      graph.addNode(node(end, "output_0", "logits").addAttribute(integer("axis", 1)));
    }
    return model(graph, metadata);
  }

  static byte[] model(GraphProto.Builder graph, Map<String, String> metadata) {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(8)
            .setProducerName("coracle-test")
            .setGraph(graph)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17));
    new TreeMap<>(metadata)
        .forEach(
            (key, value) ->
                model.addMetadataProps(
                    StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build().toByteArray();
  }

  static ValueInfoProto tensor(String name, int type, long... sizes) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long size : sizes) {
      TensorShapeProto.Dimension.Builder axis = shape.addDimBuilder();
      if (size == TensorSpec.DYNAMIC) {
        axis.setDimParam("batch_size");
      } else {
        axis.setDimValue(size);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape)))
        .build();
  }

  static NodeProto.Builder node(String operator, String output, String... inputs) {
    return NodeProto.newBuilder()
        .setOpType(operator)
        .setName(output)
        .addAllInput(List.of(inputs))
        .addOutput(output);
  }

  static AttributeProto integer(String name, int value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  static TensorProto floats(String name, List<Integer> sizes, float... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Float.BYTES);
    raw.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values); // ONNX's order
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(FLOAT)
            .setRawData(ByteString.copyFrom(raw));
    sizes.forEach(tensor::addDims);
    return tensor.build();
  }
}
