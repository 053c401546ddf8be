// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.EncodedImage;
import dev.coracle.inference.ModelCodec;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects numbers into images as they are read: in each of the shapes of {@link ImageShape} the
 * numbers of an image are contiguous, so they go straight into an array per image, without a later
 * copy or a shape known in advance. Not thread-safe.
 */
final class NumberImages {

  private final ImageShape shape;
  private final Scale scale;
  private final int maxImages;
  private final List<float[]> images = new ArrayList<>(1);
  private float[] last = {};
  private int used;

  NumberImages(ModelCodec model, Scale scale) {
    this.shape = new ImageShape(model.rows(), model.columns());
    this.scale = scale;
    this.maxImages = model.maxBatch();
  }

  ImageShape shape() {
    return shape;
  }

  /** Returns how many numbers have been added. */
  long numbers() {
    return (long) shape.pixels() * images.size() - (last.length - used);
  }

  /**
   * Adds a number, which must be finite.
   *
   * @throws RequestException 413 if it belongs to more images than the model may be given
   */
  void add(float number) {
    if (used == last.length) {
      begin();
    }
    last[used++] = number;
  }

  private void begin() {
    if (images.size() == maxImages) {
      throw new RequestException(
          413,
          "expected at most %d images of %d numbers in a request, got more; send them in several"
              .formatted(maxImages, shape.pixels()));
    }
    last = new float[shape.pixels()];
    used = 0;
    images.add(last);
  }

  /**
   * Returns the images, each as {@link dev.coracle.inference.Classifier#scores} takes it.
   *
   * @throws RequestException 400 if a number is not within the scale
   */
  List<Object> finish() {
    List<Object> finished = new ArrayList<>(images.size());
    for (float[] image : images) {
      finished.add(
          scale.isEncoded() ? new EncodedImage(image) : scale.divide(image, finished.size()));
    }
    return finished;
  }
}
