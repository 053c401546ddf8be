// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.coracle.net.Net;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Measures the floor: ONNX Runtime's {@link OrtSession} with everything made beforehand. One
 * session for all callers, whose threads do not spin; for each caller one direct input and one
 * direct output buffer, the tensors over them, and the maps that name them.
 *
 * <p>{@link #run} is {@code session.run} alone, always on the same input. {@link #classify} is what
 * an application needs at the least: it also writes the normalised images into the input, by the
 * same look-up as Coracle, and finds the largest of each image's ten outputs. Neither makes
 * probabilities, checks a length, or minds a session that is closed meanwhile.
 *
 * <pre>
 * java -jar target/benchmarks.jar BareBenchmark -prof gc
 * java -jar target/benchmarks.jar BareBenchmark.run -prof gc -p batch=1 -p threads=1 -t 2
 * </pre>
 */
public class BareBenchmark extends ClassifyBenchmark {

  /** What the callers share. */
  @State(Scope.Benchmark)
  public static class Shared {

    /** Intra-op threads; 0 is one for each processor that the JVM sees. */
    @Param({"1", "0"})
    public int threads;

    OrtEnvironment environment;
    OrtSession session;

    @Setup
    public void open(Load load) throws OrtException {
      environment = OrtEnvironment.getEnvironment();
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        options.setIntraOpNumThreads(
            threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
        options.setInterOpNumThreads(1);
        options.addConfigEntry("session.intra_op.allow_spinning", "0");
        options.addConfigEntry("session.inter_op.allow_spinning", "0");
        session = environment.createSession(load.model().toString(), options);
      }
    }

    @TearDown
    public void close() throws OrtException {
      session.close();
    }
  }

  private OrtSession session;
  private FloatBuffer input;
  private FloatBuffer output;
  private OnnxTensor inputTensor;
  private OnnxTensor outputTensor;
  private Map<String, OnnxTensor> inputs;
  private Map<String, OnnxTensor> outputs;
  private int[] classes;

  @Setup
  public void open(Load load, Shared shared) throws OrtException {
    session = shared.session;
    input = floats(load.batch * Pixels.COUNT);
    output = floats(load.batch * Net.CLASSES);
    classes = new int[load.batch];
    inputTensor =
        OnnxTensor.createTensor(
            shared.environment, input, new long[] {load.batch, 1, Pixels.SIZE, Pixels.SIZE});
    outputTensor =
        OnnxTensor.createTensor(shared.environment, output, new long[] {load.batch, Net.CLASSES});
    inputs = Map.of(session.getInputNames().iterator().next(), inputTensor);
    outputs = Map.of(session.getOutputNames().iterator().next(), outputTensor);
    start(load, this::classes);
  }

  private static FloatBuffer floats(int count) {
    return ByteBuffer.allocateDirect(count * Float.BYTES)
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  @TearDown
  public void close() {
    inputTensor.close();
    outputTensor.close();
  }

  @Benchmark
  public FloatBuffer run() throws OrtException {
    session.run(inputs, Set.of(), outputs).close(); // closes no pinned output
    return output;
  }

  @Benchmark
  public int[] classify() throws OrtException {
    return classes(nextBatch());
  }

  private int[] classes(List<byte[]> images) throws OrtException {
    int at = 0;
    for (byte[] image : images) {
      for (byte pixel : image) {
        input.put(at++, Pixels.SCALE[pixel & 0xff]);
      }
    }
    run();
    for (int i = 0; i < classes.length; i++) {
      int best = 0;
      for (int c = 1; c < Net.CLASSES; c++) {
        if (output.get(i * Net.CLASSES + c) > output.get(i * Net.CLASSES + best)) {
          best = c;
        }
      }
      classes[i] = best;
    }
    return classes;
  }
}
