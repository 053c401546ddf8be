// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Says what the numbers of a request mean: grey values from 0 to {@code white}, or the model's
 * input itself.
 *
 * @param white finite and above 0, or NaN for the model's input
 */
record Scale(float white) {

  /** The numbers are the model's input. */
  static final Scale ENCODED = new Scale(Float.NaN);

  /** Reads the parameter {@code scale} of a Content-Type; null stands for {@link #ENCODED}. */
  static Scale of(@Nullable String parameter) {
    if (parameter == null) {
      return ENCODED;
    }
    float white = Decimal.parse(parameter);
    if (!(white > 0 && Float.isFinite(white))) {
      throw RequestException.badRequest(
          "expected scale=N in the Content-Type, the grey value of white, above 0, for example"
              + " scale=255, got scale="
              + Quote.text(parameter));
    }
    return new Scale(white);
  }

  boolean isEncoded() {
    return Float.isNaN(white);
  }

  /** Divides an image's values in place by the scale, so that they are from 0 to 1. */
  float[] divide(float[] image, int index) {
    for (int i = 0; i < image.length; i++) {
      if (!(image[i] >= 0 && image[i] <= white)) {
        throw RequestException.badRequest(
            "image %d: expected numbers from 0 to %s, as scale= says, got %s as number %d"
                .formatted(index, white, image[i], i));
      }
      image[i] /= white;
    }
    return image;
  }
}
