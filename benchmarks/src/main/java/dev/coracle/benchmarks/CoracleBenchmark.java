// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Measures Coracle: from the bytes of the images to their {@link Prediction}s, one {@link
 * Classifier} with default options for all callers. A batch of 1 is {@code classify(byte[])}, a
 * larger one {@code classify(List)}.
 *
 * <pre>
 * java -jar target/benchmarks.jar CoracleBenchmark -prof gc
 * java -jar target/benchmarks.jar CoracleBenchmark -prof gc -p batch=1 -t 2
 * </pre>
 */
public class CoracleBenchmark extends ClassifyBenchmark {

  /** What the callers share. */
  @State(Scope.Benchmark)
  public static class Shared {

    Classifier classifier;

    @Setup
    public void open(Load load) {
      classifier = Classifier.open(load.model());
    }

    @TearDown
    public void close() {
      classifier.close();
    }
  }

  private Classifier classifier;
  private boolean single;

  @Setup
  public void open(Load load, Shared shared) {
    classifier = shared.classifier;
    single = load.batch == 1;
    start(
        load,
        images -> images.stream().mapToInt(image -> classifier.classify(image).index()).toArray());
  }

  /** Returns a {@link Prediction}, or a list of them. */
  @Benchmark
  public Object classify() {
    List<byte[]> images = nextBatch();
    return single ? classifier.classify(images.get(0)) : classifier.classify(images);
  }
}
