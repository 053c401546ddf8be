// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import dev.coracle.dataset.IdxImages;
import dev.coracle.dataset.IdxReader;
import dev.coracle.inference.Classifier;
import dev.coracle.inference.Prediction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Holds what every contender is given: the model, and the first 128 test images of MNIST, cut into
 * batches.
 */
@State(Scope.Benchmark)
public class Load {

  private static final int IMAGES = 128;

  private static final Path TEST_IMAGES =
      Path.of("../datasets/mnist").resolve("t10k-images-idx3-ubyte.gz");

  /** File to run; the default is what the command {@code train} writes. */
  @Param("../output/mnist.onnx")
  public String model = "";

  /** Images a call, a divisor of 128. */
  @Param({"1", "8", "32", "128"})
  public int batch;

  /** Answers one batch with the class of each image. */
  interface Contender {
    int[] classes(List<byte[]> images) throws Exception;
  }

  Path model() {
    return model(model);
  }

  static Path model(String file) {
    return existing(file, "train in the root first, or name a model with -p model=FILE");
  }

  static Path existing(String file, String advice) {
    Path path = Path.of(file);
    if (!Files.isRegularFile(path)) {
      throw new IllegalArgumentException(
          "%s is no file; run in the folder benchmarks; %s"
              .formatted(path.toAbsolutePath().normalize(), advice));
    }
    return path;
  }

  /** Returns the first test image, a 7. */
  static byte[] image() {
    return IdxReader.readImages(TEST_IMAGES).image(0);
  }

  List<List<byte[]>> batches() {
    if (batch < 1 || IMAGES % batch != 0) {
      throw new IllegalArgumentException("batch (" + batch + ") must divide " + IMAGES);
    }
    IdxImages test = IdxReader.readImages(TEST_IMAGES);
    return IntStream.range(0, IMAGES / batch)
        .mapToObj(b -> IntStream.range(b * batch, (b + 1) * batch).mapToObj(test::image).toList())
        .toList();
  }

  /**
   * Throws when a contender sees another class in any image than Coracle's {@link Classifier}. To
   * be called when the contender is open: Coracle starts ONNX Runtime, and DJL's engine must come
   * first.
   */
  void check(Contender contender) {
    try (Classifier classifier = Classifier.open(model())) {
      int image = 0;
      for (List<byte[]> images : batches()) {
        int[] answer = answer(contender, images);
        for (Prediction expected : classifier.classify(images)) {
          int got = answer[image % batch];
          if (got != expected.index()) {
            throw new IllegalStateException(
                "this contender sees a %d in test image %d, Coracle's Classifier a %s; they do not run the same model"
                    .formatted(got, image, expected));
          }
          image++;
        }
      }
    }
  }

  private static int[] answer(Contender contender, List<byte[]> images) {
    try {
      return contender.classes(images);
    } catch (Exception e) {
      throw new IllegalStateException("this contender fails on " + images.size() + " images", e);
    }
  }
}
