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
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;

/**
 * Holds a file in ONNX Runtime against the block in DJL: inputs and outputs of any number and type,
 * at batch 1, 2 and 7, none of which the exporter traces.
 */
final class Agreement {

  private final Block block;
  private final OnnxExporter exporter;
  private final List<Input> inputs = new ArrayList<>();
  private final Map<String, long[]> sizes = new LinkedHashMap<>();
  private double tolerance = 1e-5;
  private boolean shapes = true;
  private boolean nan;

  private record Input(InputSpec spec, ToDoubleFunction<Random> numbers) {

    NDArray at(Map<String, Long> sizes, Random random, NDManager manager) {
      Shape shape = spec.at(sizes);
      double[] values = new double[Math.toIntExact(shape.size())];
      Arrays.setAll(values, i -> numbers.applyAsDouble(random));
      return manager.create(values, shape).toType(spec.type(), true);
    }
  }

  private Agreement(Block block) {
    this.block = block;
    // Without verification: it would find first what the comparison is to find.
    this.exporter = OnnxExporter.builder().block(block).verify(false);
    batches(1, 2, 7);
  }

  static Agreement of(Block block) {
    return new Agreement(block);
  }

  /** Of a function of one array. */
  static Agreement of(UnaryOperator<NDArray> function) {
    return new Agreement(Exports.lambda(function));
  }

  static Agreement ofList(Function<NDList, NDList> function) {
    return new Agreement(new LambdaBlock(function));
  }

  /** Adds an input of numbers between -3 and 3; axis 0 is the batch. */
  Agreement input(DataType type, long... shape) {
    boolean signed = type != DataType.UINT8 && type != DataType.BOOLEAN;
    return between(signed ? -3 : 0, type == DataType.BOOLEAN ? 2 : 3, type, shape);
  }

  /** Adds an input of numbers from {@code low} to below {@code high}, all as likely. */
  Agreement between(double low, double high, DataType type, long... shape) {
    ToDoubleFunction<Random> uniform = random -> low + random.nextDouble() * (high - low);
    return add(
        type,
        shape,
        type.isFloating() ? uniform : random -> Math.floor(uniform.applyAsDouble(random)));
  }

  /** Adds a float32 input of standard normal numbers. */
  Agreement normal(long... shape) {
    return add(DataType.FLOAT32, shape, Random::nextGaussian);
  }

  private Agreement add(DataType type, long[] dims, ToDoubleFunction<Random> numbers) {
    String name = "input_" + inputs.size();
    Shape shape = new Shape(dims);
    exporter.input(name, shape, type);
    Map<Integer, String> axes = Map.of(0, GraphBuilder.BATCH_AXIS);
    inputs.add(new Input(new InputSpec(name, shape, type, axes), numbers));
    return this;
  }

  /**
   * Leaves an axis of the input that was added last open, under a name.
   *
   * @param sizes to compare at, together with each size of the other names; none where the name has
   *     some already
   */
  Agreement axis(int axis, String name, long... sizes) {
    InputSpec last = last();
    exporter.dynamicAxis(last.name(), axis, name);
    last.axes().put(axis, name);
    if (sizes.length > 0) {
      this.sizes.put(name, sizes);
    }
    return this;
  }

  /** Fixes an axis of the input that was added last, such as the first, at its size. */
  Agreement staticAxis(int axis) {
    InputSpec last = last();
    exporter.staticAxis(last.name(), axis);
    last.axes().remove(axis);
    return this;
  }

  private InputSpec last() {
    return inputs.get(inputs.size() - 1).spec();
  }

  Agreement batches(long... batches) {
    sizes.put(GraphBuilder.BATCH_AXIS, batches);
    return this;
  }

  Agreement opset(int opset) {
    exporter.opset(opset);
    return this;
  }

  /** Relative to the larger of the value and 1. Default 1e-5. */
  Agreement tolerance(double tolerance) {
    this.tolerance = tolerance;
    return this;
  }

  /** Compares types and numbers alone: squeeze() takes axes of DJL's output that ONNX keeps. */
  Agreement whateverTheShape() {
    shapes = false;
    return this;
  }

  /** Lets DJL compute NaN, which ONNX Runtime then must too; otherwise it hides what led to it. */
  Agreement orNaN() {
    nan = true;
    return this;
  }

  ModelProto model() throws IOException {
    return Exports.parse(Exports.bytes(exporter));
  }

  void holds() throws IOException, OrtException {
    byte[] model = Exports.bytes(exporter);
    try (OrtSession session = OrtEnvironment.getEnvironment().createSession(model)) {
      for (Map<String, Long> at : everySize()) {
        compare(session, at);
      }
    }
  }

  /** Combines each size of an axis with each of the others. */
  private List<Map<String, Long>> everySize() {
    List<Map<String, Long>> all = List.of(Map.of());
    for (Map.Entry<String, long[]> axis : sizes.entrySet()) {
      List<Map<String, Long>> wider = new ArrayList<>();
      for (Map<String, Long> known : all) {
        for (long size : axis.getValue()) {
          Map<String, Long> one = new LinkedHashMap<>(known);
          one.put(axis.getKey(), size);
          wider.add(one);
        }
      }
      all = wider;
    }
    return all;
  }

  private void compare(OrtSession session, Map<String, Long> at) throws OrtException {
    long seed = 6; // any, so that the numbers are the same in each run
    for (long size : at.values()) {
      seed += 31 * size;
    }
    Random random = new Random(seed);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDList arguments = new NDList();
      for (Input input : inputs) {
        arguments.add(input.at(at, random, manager));
      }
      List<Values> actual = Exports.run(session, arguments); // first: blocks may change arguments
      NDList expected = block.forward(new ParameterStore(manager, false), arguments, false);
      assertThat(actual).as("outputs at %s", at).hasSameSizeAs(expected);
      for (int i = 0; i < actual.size(); i++) {
        compare("output %d at %s".formatted(i, at), actual.get(i), Values.of(expected.get(i)));
      }
    }
  }

  private void compare(String what, Values actual, Values expected) {
    if (!nan) {
      expected.withoutNan("DJL's " + what);
    }
    Values shown = shapes ? actual : actual.reshaped(expected.shape());
    shown.assertClose(what, expected, tolerance);
  }
}
