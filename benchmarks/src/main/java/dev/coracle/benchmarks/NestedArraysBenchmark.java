// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Measures ONNX Runtime as the sample of its Java API uses it: nested arrays in, a tensor a call,
 * nested arrays out, and default options, so as many threads as the processor has cores, which
 * spin. Normalises the images and finds the largest output, as all do.
 *
 * <pre>
 * java -jar target/benchmarks.jar NestedArraysBenchmark -prof gc
 * java -jar target/benchmarks.jar NestedArraysBenchmark -prof gc -p batch=1 -t 2
 * </pre>
 *
 * @see <a
 *     href="https://github.com/microsoft/onnxruntime/blob/main/java/src/test/java/sample/ScoreMNIST.java">ScoreMNIST,
 *     the sample of ONNX Runtime for Java</a>
 */
public class NestedArraysBenchmark extends ClassifyBenchmark {

  /** What the callers share. */
  @State(Scope.Benchmark)
  public static class Shared {

    OrtEnvironment environment;
    OrtSession session;

    @Setup
    public void open(Load load) throws OrtException {
      environment = OrtEnvironment.getEnvironment();
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        session = environment.createSession(load.model().toString(), options);
      }
    }

    @TearDown
    public void close() throws OrtException {
      session.close();
    }
  }

  private OrtEnvironment environment;
  private OrtSession session;
  private String inputName;

  @Setup
  public void open(Load load, Shared shared) {
    environment = shared.environment;
    session = shared.session;
    inputName = session.getInputNames().iterator().next();
    start(load, this::classes);
  }

  @Benchmark
  public int[] classify() throws OrtException {
    return classes(nextBatch());
  }

  private int[] classes(List<byte[]> images) throws OrtException {
    float[][][][] input = new float[images.size()][][][];
    for (int i = 0; i < input.length; i++) {
      input[i] = Pixels.nested(images.get(i));
    }
    try (OnnxTensor tensor = OnnxTensor.createTensor(environment, input);
        OrtSession.Result result = session.run(Map.of(inputName, tensor))) {
      float[][] scores = (float[][]) result.get(0).getValue();
      int[] classes = new int[scores.length];
      for (int i = 0; i < classes.length; i++) {
        classes[i] = Pixels.argmax(scores[i]);
      }
      return classes;
    }
  }
}
