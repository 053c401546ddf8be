// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A program that runs every model of a folder in the ONNX Runtime of its class path, on the inputs
 * beside it, and compares with the outputs beside it. Needs nothing else.
 */
final class OldRuntime {

  private static final double TOLERANCE = 1e-4; // of the number, or of 1 where that is more

  private OldRuntime() {}

  /** Takes the folder; prints a line for each model that agrees, and fails at the first other. */
  public static void main(String[] args) throws IOException, OrtException {
    List<Path> models;
    try (Stream<Path> files = Files.list(Path.of(args[0]))) {
      models = files.filter(file -> file.toString().endsWith(".onnx")).sorted().toList();
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    for (Path model : models) {
      Path input = Path.of(model + ".input");
      try (OrtSession session = environment.createSession(model.toString());
          DataInputStream in = new DataInputStream(Files.newInputStream(input));
          DataInputStream out =
              new DataInputStream(Files.newInputStream(Path.of(model + ".output")))) {
        long[] shape = shape(in);
        FloatBuffer values = FloatBuffer.wrap(floats(in, shape));
        String name = session.getInputNames().iterator().next();
        long[] expectedShape = shape(out);
        float[] expected = floats(out, expectedShape);
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, values, shape);
            OrtSession.Result result = session.run(Map.of(name, tensor))) {
          OnnxTensor output = (OnnxTensor) result.get(0);
          compare(String.valueOf(model.getFileName()), output, expected, expectedShape);
        }
      }
      System.out.println("agrees: " + String.valueOf(model.getFileName()));
    }
  }

  private static void compare(String model, OnnxTensor output, float[] expected, long[] shape) {
    long[] found = output.getInfo().getShape();
    if (!Arrays.equals(found, shape)) {
      throw new AssertionError(
          model + " gives " + Arrays.toString(found) + ", not " + Arrays.toString(shape));
    }
    FloatBuffer actual = output.getFloatBuffer();
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(actual.get(i) - expected[i]);
      if (!(error <= TOLERANCE * Math.max(1, Math.abs(expected[i])))) {
        throw new AssertionError(
            model + " gives " + actual.get(i) + " at " + i + ", not " + expected[i]);
      }
    }
  }

  private static long[] shape(DataInputStream in) throws IOException {
    long[] shape = new long[in.readInt()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = in.readLong();
    }
    return shape;
  }

  private static float[] floats(DataInputStream in, long[] shape) throws IOException {
    int size = 1;
    for (long axis : shape) {
      size = Math.toIntExact(size * axis);
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = in.readFloat();
    }
    return values;
  }
}
