// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.InvalidInputException;
import dev.coracle.inference.ModelCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Reads the images of a body in any of its forms. */
final class RequestReader {

  private static final Set<String> PICTURES = Set.of("png", "jpeg");

  /** Memory per pixel during decoding: 4 channels of 2 bytes, and a grey value of 4 bytes. */
  private static final int BYTES_A_PIXEL = 12;

  /** The largest picture must fit into half of a small heap. */
  private static final long MAX_PIXELS =
      Math.min(16_000_000, Runtime.getRuntime().maxMemory() / 2 / BYTES_A_PIXEL);

  private RequestReader() {}

  /** Images, and how an answer in JSON is laid out. */
  record Images(List<?> images, JsonLayout layout) {}

  static void checkNotEmpty(RequestBody body) {
    if (body.bytes().length == 0) {
      throw RequestException.badRequest("expected images, got an empty body; send at least one");
    }
  }

  /**
   * Reads a body, which is not empty.
   *
   * @throws RequestException 400 or 413
   */
  static Images read(ModelCodec model, RequestFormat.Typed typed, byte[] body) {
    RequestFormat format = typed.format();
    String parameter = typed.type().parameter("scale");
    Scale scale = Scale.of(parameter);
    if (parameter != null && !format.isNumbers()) {
      throw RequestException.badRequest(
          "scale= is for numbers, and %s is bytes from 0 to 255; leave it out"
              .formatted(typed.type().name()));
    }
    NumberImages numbers = new NumberImages(model, scale);
    return switch (format) {
      case JSON -> {
        JsonLayout layout = JsonImages.read(body, numbers);
        yield new Images(numbers.finish(), layout);
      }
      case JSON_LINES -> {
        JsonLines.read(body, numbers);
        yield predictions(numbers.finish());
      }
      case CSV -> {
        boolean header = "present".equalsIgnoreCase(typed.type().parameter("header"));
        Csv.read(body, header, numbers);
        yield predictions(numbers.finish());
      }
      case NPY -> {
        NpyReader npy = NpyReader.open(body, numbers.shape(), model.maxBatch());
        if (npy.isBytes() && scale.isEncoded()) {
          yield predictions(split(model, npy.bytes()));
        }
        npy.numbers(numbers);
        yield predictions(numbers.finish());
      }
      case BYTES -> predictions(bytes(model, body));
      case PICTURE -> predictions(List.of(picture(model, body)));
    };
  }

  private static Images predictions(List<?> images) {
    return new Images(images, JsonLayout.PREDICTIONS);
  }

  private static List<byte[]> bytes(ModelCodec model, byte[] body) {
    int pixels = model.rows() * model.columns();
    if (body.length % pixels != 0) {
      throw RequestException.badRequest(
          "expected %d bytes for each image of %d×%d, got %d bytes"
              .formatted(pixels, model.rows(), model.columns(), body.length));
    }
    return split(model, body);
  }

  /** Splits bytes, whose number is a multiple of an image's, into images. */
  private static List<byte[]> split(ModelCodec model, byte[] bytes) {
    int pixels = model.rows() * model.columns();
    int count = bytes.length / pixels;
    checkCount(count, model.maxBatch());
    if (count == 1) {
      return List.of(bytes);
    }
    List<byte[]> images = new ArrayList<>(count);
    for (int from = 0; from < bytes.length; from += pixels) {
      images.add(Arrays.copyOfRange(bytes, from, from + pixels));
    }
    return images;
  }

  /**
   * Checks that there are not too many images; {@link ModelCodec#check} checks that there is one.
   */
  static void checkCount(long count, int maxImages) {
    if (count > maxImages) {
      throw new RequestException(
          413,
          "expected at most %d images in a request, got %d; send them in several"
              .formatted(maxImages, count));
    }
  }

  private static byte[] picture(ModelCodec model, byte[] body) {
    try {
      return model.pixels(PictureReader.read("the picture", body, PICTURES, MAX_PIXELS));
    } catch (InvalidInputException e) {
      throw RequestException.badRequest(e);
    }
  }
}
