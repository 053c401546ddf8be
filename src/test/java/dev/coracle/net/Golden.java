// SPDX-License-Identifier: Apache-2.0
package dev.coracle.net;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.coracle.dataset.ImageSet;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * PyTorch's numbers for Net, from golden/pytorch-net.json, whose own text says how they were made:
 * weights by a formula, so that both sides start from the same floats.
 */
public final class Golden {

  public static final JsonObject NUMBERS = read();

  private static final int[] FAN_IN = {9, 288, 9216, 128};

  private Golden() {}

  /** Returns a Net with the formula's weights. */
  public static Net net(NDManager manager) {
    Net net = new Net();
    net.initialize(manager, DataType.FLOAT32, new Shape(1, 1, Net.SIZE, Net.SIZE));
    int k = 0;
    for (Pair<String, Parameter> parameter : net.getParameters()) {
      NDArray array = parameter.getValue().getArray();
      float[] values = new float[(int) array.size()];
      for (int j = 0; j < values.length; j++) {
        long hash = (j * 2654435761L + k * 40503L) & 0xFFFFFFFFL;
        double u = hash / (double) (1L << 31) - 1;
        values[j] = (float) (u / Math.sqrt(FAN_IN[k / 2]));
      }
      try (NDArray target = array.stopGradient();
          NDArray source = manager.create(values, array.getShape())) {
        target.set(new NDIndex(":"), source);
      }
      k++;
    }
    return net;
  }

  /** Returns normalised images, float32 (count,1,28,28), in the set's order. */
  public static NDArray images(NDManager manager, ImageSet set, int from, int count) {
    float[] pixels = new float[count * 784];
    for (int i = 0; i < count; i++) {
      byte[] image = set.image(from + i);
      for (int p = 0; p < 784; p++) {
        pixels[i * 784 + p] = ((image[p] & 0xff) / 255f - 0.1307f) / 0.3081f;
      }
    }
    return manager.create(pixels, new Shape(count, 1, 28, 28));
  }

  /** Returns labels, int64 (count). */
  public static NDArray labels(NDManager manager, ImageSet set, int from, int count) {
    long[] labels = new long[count];
    for (int i = 0; i < count; i++) {
      labels[i] = set.label(from + i);
    }
    return manager.create(labels);
  }

  public static float[] floats(JsonArray array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).getAsFloat();
    }
    return values;
  }

  /** Returns the Euclidean norm, summed in double. */
  public static double l2(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  private static JsonObject read() {
    try (Reader reader =
        new InputStreamReader(
            Objects.requireNonNull(Golden.class.getResourceAsStream("/golden/pytorch-net.json")),
            StandardCharsets.UTF_8)) {
      return JsonParser.parseReader(reader).getAsJsonObject();
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
