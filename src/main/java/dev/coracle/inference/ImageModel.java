// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.CoracleException;
import dev.coracle.ModelMetadata;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a file says about the images it takes and the classes it tells apart, checked: input (batch,
 * 1, rows, columns) float32 or uint8, output (batch, classes) float32, and the entries of {@link
 * ModelMetadata}.
 *
 * @param batch images a call must have, or {@link TensorSpec#DYNAMIC} for any number
 * @param logits whether the output still wants a log-softmax
 * @param scaling of a float32 input, or null where the graph takes raw uint8 pixels
 */
record ImageModel(
    int batch,
    int rows,
    int columns,
    List<String> labels,
    boolean logits,
    @Nullable Scaling scaling) {

  // More than any picture or model of this kind has; keeps the sizes below within an int.
  private static final int MAX_SIZE = 1 << 24;

  static ImageModel of(OnnxModel model) {
    List<Long> in = model.input().shape();
    List<Long> out = model.output().shape();
    if (in.size() != 4 || in.get(0) == 0 || in.get(1) != 1 || in.get(2) < 1 || in.get(3) < 1) {
      throw unfit(model, "an input (batch, 1, rows, columns)", model.input());
    }
    if (out.size() != 2 || out.get(1) < 1 || !sameBatch(in.get(0), out.get(0))) {
      throw unfit(model, "an output (batch, classes)", model.output());
    }
    long images = Math.max(1, in.get(0));
    if (in.get(2) > MAX_SIZE / in.get(3) || images > MAX_SIZE / (in.get(2) * in.get(3))) {
      throw unfit(model, "an input of at most " + MAX_SIZE + " pixels", model.input());
    }
    if (out.get(1) > MAX_SIZE / images) {
      throw unfit(model, "an output of at most " + MAX_SIZE + " scores", model.output());
    }
    Entries entries = new Entries(model.file(), model.metadata());
    return new ImageModel(
        in.get(0).intValue(),
        in.get(2).intValue(),
        in.get(3).intValue(),
        entries.labels(out.get(1).intValue()),
        entries.logits(),
        model.input().dtype() == DType.FLOAT32 ? entries.scaling() : null);
  }

  boolean fixesBatch() {
    return batch != TensorSpec.DYNAMIC;
  }

  /** Returns the size of a pixel in the input: a uint8 or a float32. */
  int pixelBytes() {
    return scaling == null ? 1 : Float.BYTES;
  }

  private static boolean sameBatch(long in, long out) {
    return out == TensorSpec.DYNAMIC || out == in;
  }

  private static CoracleException unfit(OnnxModel model, String expected, TensorSpec found) {
    return new CoracleException(
        model.file()
            + ": an image classifier has "
            + expected
            + ", this model has "
            + found
            + "; give a model that Coracle exported or one of the same form");
  }

  /** How a grey value becomes a float32 input: {@code (pixel/255 - mean) / std}. */
  record Scaling(float mean, float std) {

    /** Returns the input for each of the 256 grey values, each step rounded to float32. */
    float[] table() {
      float[] table = new float[256];
      for (int pixel = 0; pixel < table.length; pixel++) {
        table[pixel] = (pixel / 255f - mean) / std;
      }
      return table;
    }
  }

  /** The metadata of one file, with the defaults of {@link ModelMetadata}. */
  private record Entries(Path file, Map<String, String> values) {

    List<String> labels(int classes) {
      String value = values.get(ModelMetadata.LABELS);
      if (value == null) {
        return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
      }
      List<String> labels = value.lines().toList();
      if (labels.size() != classes) {
        throw malformed(
            ModelMetadata.LABELS,
            classes + " lines, one for each class of the output",
            labels.size() + " lines");
      }
      return labels;
    }

    boolean logits() {
      String kind = values.getOrDefault(ModelMetadata.OUTPUT_KIND, ModelMetadata.LOGITS);
      return switch (kind) {
        case ModelMetadata.LOGITS -> true;
        case ModelMetadata.LOG_PROBABILITIES -> false;
        default ->
            throw malformed(
                ModelMetadata.OUTPUT_KIND,
                ModelMetadata.LOG_PROBABILITIES + " or " + ModelMetadata.LOGITS,
                '"' + kind + '"');
      };
    }

    Scaling scaling() {
      float mean = number(ModelMetadata.MEAN, 0, "a finite decimal number");
      float std = number(ModelMetadata.STD, 1, "a positive decimal number");
      if (std <= 0) {
        throw malformed(ModelMetadata.STD, "a positive decimal number", Float.toString(std));
      }
      return new Scaling(mean, std);
    }

    private float number(String key, float absent, String expected) {
      String value = values.get(key);
      if (value == null) {
        return absent;
      }
      try {
        float number = Float.parseFloat(value);
        if (Float.isFinite(number)) {
          return number;
        }
      } catch (NumberFormatException e) {
        // said below, as for a number that is not finite
      }
      throw malformed(key, expected, '"' + value + '"');
    }

    private CoracleException malformed(String key, String expected, String found) {
      return new CoracleException(
          file
              + ": metadata entry "
              + key
              + " must be "
              + expected
              + ", found "
              + found
              + "; export the model again");
    }
  }
}
