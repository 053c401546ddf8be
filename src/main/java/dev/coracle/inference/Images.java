// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks the images of a call before any of them is run, and reports which of them is wrong. */
final class Images {

  /** Without java.desktop there are no pictures, and a test for BufferedImage would fail. */
  private static final boolean PICTURES = ModuleLayer.boot().findModule("java.desktop").isPresent();

  private Images() {}

  /** Checks the bytes of image number {@code index}. */
  static void check(ImageModel form, int index, byte @Nullable [] pixels) {
    if (pixels == null || pixels.length != form.pixels()) {
      throw wrong(form, index, pixels == null ? "null" : pixels.length + " bytes");
    }
  }

  /** Returns {@code count} consecutive images, checked, in a buffer with a position of its own. */
  static ByteBuffer checked(ImageModel form, @Nullable ByteBuffer pixels, int count, int maxBatch) {
    checkCount(count, maxBatch);
    if (pixels == null || pixels.remaining() != (long) count * form.pixels()) {
      throw new InvalidInputException(
          "expected %d images of %s, got %s"
              .formatted(
                  count, size(form), pixels == null ? "null" : pixels.remaining() + " bytes"));
    }
    if ((long) count * form.labels().size() > Integer.MAX_VALUE) {
      throw new InvalidInputException(
          "%d images of %d classes are more results than an array holds; give fewer"
              .formatted(count, form.labels().size()));
    }
    return pixels.duplicate();
  }

  /** Returns the grey values of a picture, checked. */
  static byte[] pixels(ImageModel form, @Nullable BufferedImage picture) {
    if (picture == null) {
      throw new InvalidInputException("expected a BufferedImage, got null");
    }
    return DigitImage.pixels(picture, form.rows(), form.columns());
  }

  /** Returns an image, checked, in the form that {@link #put} takes. */
  static Object one(ImageModel form, @Nullable Object image) {
    return checked(form, 0, image);
  }

  /** Returns the images, checked, in the form that {@link #put} takes, in a new list. */
  static List<Object> of(ImageModel form, @Nullable List<?> images, int maxBatch) {
    if (images == null) {
      throw new InvalidInputException("expected a list of images, got null");
    }
    @Nullable Object[] all = images.toArray(); // a snapshot: what is counted is what is run
    checkCount(all.length, maxBatch);
    List<Object> checked = new ArrayList<>(all.length);
    for (Object image : all) {
      checked.add(checked(form, checked.size(), image));
    }
    return checked;
  }

  private static Object checked(ImageModel form, int index, @Nullable Object image) {
    if (image instanceof byte[] pixels) {
      check(form, index, pixels);
      return pixels;
    }
    if (image instanceof float[] pixels) {
      if (pixels.length != form.pixels()) {
        throw wrong(form, index, pixels.length + " floats");
      }
      for (int i = 0; i < pixels.length; i++) {
        if (!(pixels[i] >= 0 && pixels[i] <= 1)) {
          throw new InvalidInputException(
              "image %d: expected floats from 0 to 1 (a byte divided by 255), got %s as pixel %d"
                  .formatted(index, pixels[i], i));
        }
      }
      return pixels;
    }
    if (image instanceof ByteBuffer pixels) {
      if (pixels.remaining() != form.pixels()) {
        throw wrong(form, index, "a buffer with " + pixels.remaining() + " bytes");
      }
      return pixels.duplicate(); // its position is then out of the caller's reach
    }
    if (image instanceof EncodedImage encoded) {
      checkValues(form, index, encoded.values());
      return encoded;
    }
    if (PICTURES && image instanceof BufferedImage picture) {
      try {
        return pixels(form, picture);
      } catch (InvalidInputException e) {
        throw new InvalidInputException("image " + index + ": " + e.getMessage());
      }
    }
    throw wrong(form, index, image == null ? "null" : image.getClass().getTypeName());
  }

  private static void checkValues(ImageModel form, int index, float @Nullable [] values) {
    if (values == null) {
      throw wrong(form, index, "null as encoded values");
    }
    if (values.length != form.pixels()) {
      throw wrong(form, index, values.length + " encoded values");
    }
    boolean bytes = form.scaling() == null;
    for (int i = 0; i < values.length; i++) {
      float value = values[i];
      boolean valid =
          bytes ? value >= 0 && value <= 255 && value == (int) value : Float.isFinite(value);
      if (!valid) {
        throw new InvalidInputException(
            "image %d: expected %s, as the model's input has, got %s as value %d"
                .formatted(
                    index,
                    bytes ? "whole numbers from 0 to 255" : "numbers that a float32 can hold",
                    value,
                    i));
      }
    }
  }

  /** Puts an image that has been checked into a row of a model's input. */
  static void put(ImageInput target, int row, Object image) {
    if (image instanceof byte[] pixels) {
      target.put(row, pixels);
    } else if (image instanceof float[] pixels) {
      target.put(row, pixels);
    } else if (image instanceof EncodedImage encoded) {
      target.putEncoded(row, encoded.values());
    } else {
      ByteBuffer pixels = (ByteBuffer) image;
      target.put(row, pixels, pixels.position());
    }
  }

  private static void checkCount(int count, int maxBatch) {
    checkCount(count, maxBatch, "ModelOptions.maxBatch");
  }

  /** Checks the number of images against a limit, whose reason the message names. */
  static void checkCount(int count, int limit, String reason) {
    if (count < 1 || count > limit) {
      throw new InvalidInputException(
          "expected 1 to %d images (%s), got %d".formatted(limit, reason, count));
    }
  }

  private static InvalidInputException wrong(ImageModel form, int index, String found) {
    return new InvalidInputException(
        "image %d: expected %s as byte[], float[], ByteBuffer, EncodedImage or BufferedImage, got %s"
            .formatted(index, size(form), found));
  }

  private static String size(ImageModel form) {
    return "%d pixels (%d rows of %d)".formatted(form.pixels(), form.rows(), form.columns());
  }
}
