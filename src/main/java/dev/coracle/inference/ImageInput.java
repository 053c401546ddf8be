// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/** The input tensor of a model, filled with images row by row. For one thread at a time. */
final class ImageInput {

  private final ImageModel form;
  private final Tensor tensor;

  // Views kept here, so that no call has to create one; the second is null where the model takes
  // raw pixels.
  private final ByteBuffer bytes;
  private final @Nullable FloatBuffer floats;

  /** Input for each grey value, or null where the model takes the grey values themselves. */
  private final float @Nullable [] scale;

  /**
   * Makes an input of zeros.
   *
   * @param scale what {@link ImageModel#scale} returns
   * @param images number of rows
   */
  ImageInput(ImageModel form, float @Nullable [] scale, int images) {
    this.form = form;
    this.scale = scale;
    DType dtype = scale == null ? DType.UINT8 : DType.FLOAT32;
    this.tensor = Tensor.allocate(dtype, images, 1, form.rows(), form.columns());
    this.bytes = tensor.bytes();
    this.floats = scale == null ? null : tensor.floats();
  }

  Tensor tensor() {
    return tensor;
  }

  /** Puts an image of unsigned grey values into a row of the input. */
  void put(int row, byte[] pixels) {
    int at = row * pixels.length;
    if (floats == null || scale == null) {
      bytes.put(at, pixels);
      return;
    }
    for (int i = 0; i < pixels.length; i++) { // not via a new buffer for each call
      floats.put(at + i, scale[pixels[i] & 0xff]);
    }
  }

  /** Puts an image of unsigned grey values, from index {@code from} on, into a row of the input. */
  void put(int row, ByteBuffer pixels, int from) {
    int size = form.pixels();
    if (floats == null || scale == null) {
      bytes.put(row * size, pixels, from, size);
      return;
    }
    int at = row * size;
    for (int i = 0; i < size; i++) {
      floats.put(at + i, scale[pixels.get(from + i) & 0xff]);
    }
  }

  /** Puts an image of grey values from 0 to 1 into a row of the input. */
  void put(int row, float[] pixels) {
    int at = row * form.pixels();
    ImageModel.Scaling scaling = form.scaling();
    if (floats == null || scaling == null) {
      for (int i = 0; i < pixels.length; i++) {
        bytes.put(at + i, (byte) Math.round(pixels[i] * 255));
      }
      return;
    }
    for (int i = 0; i < pixels.length; i++) {
      floats.put(at + i, scaling.of(pixels[i]));
    }
  }

  /** Puts an image that is already in the input's form into a row of the input. */
  void putEncoded(int row, float[] values) {
    int at = row * values.length;
    if (floats != null) {
      floats.put(at, values);
      return;
    }
    for (int i = 0; i < values.length; i++) {
      bytes.put(at + i, (byte) values[i]);
    }
  }
}
