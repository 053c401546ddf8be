// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleSupplier;

/**
 * Generates inputs of any size.
 *
 * @param bounds exclusive upper bounds of integers, by input; they are drawn from 0 on
 * @param examples given by the user; if there are any, values are taken from them
 * @param kind how other values are drawn
 */
record SampleInputs(
    List<InputSpec> specs, Map<String, Long> bounds, List<NDList> examples, Kind kind) {

  /** How values are drawn, from the most revealing to those that every block takes. */
  enum Kind {
    /** Normally distributed numbers; integers below their bounds. */
    NORMAL,
    /** Numbers from 0 to 1, whose logarithms and roots exist; integers are 0 and 1. */
    POSITIVE,
    /** As in the trace: integers are 0, which is valid for any index. */
    ZERO_INDICES
  }

  /** Integers are 0 and 1 where nothing more is known: as an index, a mask or a type. */
  private static final long BOUND = 2;

  private static final long BYTE_BOUND = 256; // pixels

  private SampleInputs of(Kind other) {
    return new SampleInputs(specs, bounds, examples, other);
  }

  /** Returns an array for each input, the same ones for the same sizes. */
  NDList at(Map<String, Long> sizes, NDManager manager) {
    Random random = new Random(17);
    NDList inputs = new NDList();
    for (int i = 0; i < specs.size(); i++) {
      InputSpec spec = specs.get(i);
      Shape shape = spec.at(sizes);
      double[] known =
          examples.isEmpty() ? new double[0] : Contents.numbers(examples.get(0).get(i));
      DoubleSupplier numbers =
          examples.isEmpty()
              ? () -> number(random, spec)
              : () -> known[random.nextInt(known.length)];
      inputs.add(array(numbers, shape, spec.type(), manager));
    }
    return inputs;
  }

  /** Finds a kind of numbers that the block takes and for which its outputs are finite. */
  SampleInputs takenBy(BlockRunner djl, Map<String, Long> base) {
    if (!examples.isEmpty()) {
      return this;
    }
    SampleInputs runs = null;
    List<RuntimeException> failures = new ArrayList<>();
    for (Kind each : Kind.values()) {
      SampleInputs tried = of(each);
      try (NDManager scratch = djl.manager().newSubManager()) {
        NDList outputs = djl.run(tried.at(base, scratch));
        boolean finite = outputs.stream().allMatch(SampleInputs::hasFinite);
        outputs.close();
        if (finite) {
          return tried;
        }
        runs = runs == null ? tried : runs;
      } catch (RuntimeException e) {
        failures.add(e);
      }
    }
    if (runs != null) {
      return runs;
    }
    throw new ExportException(
        "the block fails on random inputs at %s, so the file cannot be compared with it: %s; give exampleInputs that it takes"
            .formatted(base, OnnxVerifier.firstLine(failures.get(0))),
        failures.get(0));
  }

  private static boolean hasFinite(NDArray array) {
    return Arrays.stream(Contents.numbers(array)).anyMatch(Double::isFinite);
  }

  private static NDArray array(
      DoubleSupplier numbers, Shape shape, DataType type, NDManager manager) {
    int size = Math.toIntExact(shape.size());
    if (type == DataType.FLOAT32) { // images: neither as float64 first nor in the Java heap
      ByteBuffer floats =
          ByteBuffer.allocateDirect(Math.multiplyExact(size, Float.BYTES))
              .order(ByteOrder.nativeOrder());
      while (floats.hasRemaining()) {
        floats.putFloat((float) numbers.getAsDouble());
      }
      return manager.create(floats.flip(), shape, type);
    }
    double[] wide = new double[size];
    Arrays.setAll(wide, i -> numbers.getAsDouble());
    NDArray array = manager.create(wide, shape);
    return type == DataType.FLOAT64 ? array : array.toType(type, false);
  }

  private double number(Random random, InputSpec spec) {
    if (spec.type().isFloating()) {
      return kind == Kind.NORMAL ? random.nextGaussian() : random.nextDouble();
    }
    if (kind == Kind.ZERO_INDICES) {
      return 0;
    }
    boolean wide = kind == Kind.NORMAL && spec.type() != DataType.BOOLEAN;
    long bound = spec.type() == DataType.UINT8 ? BYTE_BOUND : BOUND;
    bound = wide ? bounds.getOrDefault(spec.name(), bound) : BOUND;
    return random.nextInt((int) Math.min(bound, Integer.MAX_VALUE));
  }
}
