// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Measures what an application sees: the time from the bytes of an image to a {@link Prediction},
 * preprocessing and the copies included, in µs a call. {@link #one} takes one image, {@link #batch}
 * takes 32 in one call.
 *
 * <p>The load: one caller thread, no helper threads, one model shared by all calls, and 32 images
 * of random grey values in turn; the work of a dense network does not depend on what an image
 * shows.
 *
 * <pre>
 * java -jar target/benchmarks.jar ClassifyBenchmark -p model=../output/mnist.onnx
 * </pre>
 *
 * Add {@code -prof gc} for the bytes allocated a call, {@code -t 2} for two caller threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 2, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class ClassifyBenchmark {

  private static final int BATCH = 32;

  /** File to run; the default is what the command {@code train} writes. */
  @Param("../output/mnist.onnx")
  public String model = "";

  private Classifier classifier;
  private List<byte[]> images;
  private int next;

  /** Opens the model; a file that is missing is named, and the run ends. */
  @Setup
  public void open() {
    Path file = Path.of(model);
    if (!file.toFile().isFile()) {
      throw new IllegalArgumentException(
          file.toAbsolutePath().normalize()
              + " is no file; train in the root first, or name a model with -p model=FILE");
    }
    classifier = Classifier.open(file);
    Random random = new Random(1);
    images = Stream.generate(() -> image(random)).limit(BATCH).toList();
  }

  private byte[] image(Random random) {
    byte[] image = new byte[classifier.rows() * classifier.columns()];
    random.nextBytes(image);
    return image;
  }

  @TearDown
  public void close() {
    classifier.close();
  }

  @Benchmark
  public Prediction one() {
    return classifier.classify(images.get(next++ % BATCH));
  }

  /** Counts a call, not an image: divide by 32 for the time an image. */
  @Benchmark
  public List<Prediction> batch() {
    return classifier.classify(images);
  }
}
