// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import dev.coracle.ModelMetadata;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a file says about the images it takes and the classes it distinguishes, checked: input
 * (batch, 1, rows, columns) float32 or uint8, output (batch, classes) float32, and the entries of
 * {@link ModelMetadata}.
 *
 * @param batch number of images that a call must have, or {@link TensorSpec#DYNAMIC} for any number
 * @param outputKind what the output holds: a value of {@link ModelMetadata#OUTPUT_KIND}
 * @param scaling of a float32 input, or null where the graph takes raw uint8 pixels
 */
record ImageModel(
    int batch,
    int rows,
    int columns,
    List<String> labels,
    String outputKind,
    @Nullable Scaling scaling) {

  // More than any picture or model of this kind has; keeps the products of sizes within an int.
  private static final int MAX_SIZE = 1 << 24;
  private static final int MAX_CLASSES = 1 << 20;

  private static final List<String> OUTPUT_KINDS =
      List.of(ModelMetadata.LOGITS, ModelMetadata.LOG_PROBABILITIES, ModelMetadata.PROBABILITIES);

  /**
   * Describes a file, whose path is for messages.
   *
   * @throws InvalidModelException if the file is not such a model or has malformed metadata
   */
  static ImageModel of(Path file, GraphSignature graph, Map<String, String> metadata) {
    TensorSpec input = only(file, "input", graph.inputs());
    TensorSpec output = only(file, "output", graph.outputs());
    List<Long> in = input.shape();
    List<Long> out = output.shape();
    if (input.dtype() != DType.FLOAT32 && input.dtype() != DType.UINT8) {
      throw unfit(file, "a float32 or uint8 input", input);
    }
    if (output.dtype() != DType.FLOAT32) {
      throw unfit(file, "a float32 output", output);
    }
    if (in.size() != 4 || in.get(0) == 0 || in.get(1) != 1 || in.get(2) < 1 || in.get(3) < 1) {
      throw unfit(file, "an input (batch, 1, rows, columns), which is one channel", input);
    }
    if (out.size() != 2 || out.get(1) < 1 || !sameBatch(in.get(0), out.get(0))) {
      throw unfit(file, "an output (batch, classes)", output);
    }
    if (out.get(1) == 1) {
      throw unfit(file, "two classes or more", output);
    }
    long images = Math.max(1, in.get(0));
    if (in.get(2) > MAX_SIZE / in.get(3) || images > MAX_SIZE / (in.get(2) * in.get(3))) {
      throw unfit(file, "an input of at most " + MAX_SIZE + " pixels", input);
    }
    if (out.get(1) > MAX_CLASSES || out.get(1) > MAX_SIZE / images) {
      throw unfit(
          file,
          "an output of at most %d classes, %d scores".formatted(MAX_CLASSES, MAX_SIZE),
          output);
    }
    Entries entries = new Entries(file, metadata);
    return new ImageModel(
        in.get(0).intValue(),
        in.get(2).intValue(),
        in.get(3).intValue(),
        entries.labels(out.get(1).intValue()),
        entries.outputKind(graph.outputOperator()),
        input.dtype() == DType.FLOAT32 ? entries.scaling() : null);
  }

  boolean fixesBatch() {
    return batch != TensorSpec.DYNAMIC;
  }

  /** Returns the number of an image's pixels. */
  int pixels() {
    return rows * columns;
  }

  /** Returns the input for each of the 256 grey values, or null where they are the input. */
  float @Nullable [] scale() {
    return scaling == null ? null : scaling.table();
  }

  private static boolean sameBatch(long in, long out) {
    return out == TensorSpec.DYNAMIC || out == in;
  }

  private static TensorSpec only(Path file, String role, List<TensorSpec> specs) {
    if (specs.size() != 1) {
      throw unfit(file, "exactly one " + role, specs);
    }
    return specs.get(0);
  }

  private static InvalidModelException unfit(Path file, String expected, Object found) {
    return new InvalidModelException(
        file
            + ": an image classifier has "
            + expected
            + ", this model has "
            + found
            + "; run others by OnnxModel");
  }

  /** How a grey value becomes a float32 input: {@code (pixel/255 - mean) / std}. */
  record Scaling(float mean, float std) {

    /** Returns the input for each of the 256 grey values, each step rounded to float32. */
    float[] table() {
      float[] table = new float[256];
      for (int pixel = 0; pixel < table.length; pixel++) {
        table[pixel] = of(pixel / 255f);
      }
      return table;
    }

    /** Returns the input for a grey value from 0 to 1. */
    float of(float grey) {
      return (grey - mean) / std;
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

    String outputKind(@Nullable String operator) {
      String byOperator =
          "Softmax".equals(operator)
              ? ModelMetadata.PROBABILITIES
              : "LogSoftmax".equals(operator)
                  ? ModelMetadata.LOG_PROBABILITIES
                  : ModelMetadata.LOGITS;
      String kind = values.getOrDefault(ModelMetadata.OUTPUT_KIND, byOperator);
      if (kind.equals(ModelMetadata.LOGITS) && "Sigmoid".equals(operator)) {
        throw unfit(
            file,
            "scores of which one class has the highest",
            "a Sigmoid, whose classes exclude no other");
      }
      if (!OUTPUT_KINDS.contains(kind)) {
        throw malformed(
            ModelMetadata.OUTPUT_KIND, String.join(", ", OUTPUT_KINDS), Quote.text(kind));
      }
      return kind;
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
        // reported below, like a number that is not finite
      }
      throw malformed(key, expected, Quote.text(value));
    }

    private InvalidModelException malformed(String key, String expected, String found) {
      return new InvalidModelException(
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
