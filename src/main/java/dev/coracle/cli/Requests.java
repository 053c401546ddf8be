// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import dev.coracle.dataset.ImageSet;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/** Writes images in the formats that SageMaker's clients send. */
final class Requests {

  private Requests() {}

  /** Returns bodies by content type; each holds all images, but the picture only one. */
  static Map<String, byte[]> of(ImageSet images) {
    Map<String, byte[]> bodies = new LinkedHashMap<>();
    byte[] pixels = new byte[images.pixels().remaining()];
    images.pixels().get(pixels);
    bodies.put("application/octet-stream", pixels);
    bodies.put("application/json; scale=255", text(json(images)));
    bodies.put("text/csv; scale=255", text(csv(images)));
    bodies.put("image/png", png(images));
    return bodies;
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String csv(ImageSet images) {
    return IntStream.range(0, images.size())
        .mapToObj(i -> row(images.image(i), 0, images.rows() * images.columns()) + "\n")
        .collect(Collectors.joining());
  }

  private static String json(ImageSet images) {
    StringJoiner all = new StringJoiner(",", "{\"instances\":[", "]}");
    for (int i = 0; i < images.size(); i++) {
      byte[] image = images.image(i);
      StringJoiner rows = new StringJoiner("],[", "[[[", "]]]"); // (1,28,28)
      for (int y = 0; y < images.rows(); y++) {
        rows.add(row(image, y * images.columns(), images.columns()));
      }
      all.add(rows.toString());
    }
    return all.toString();
  }

  private static String row(byte[] pixels, int from, int count) {
    return IntStream.range(from, from + count)
        .mapToObj(i -> Integer.toString(Byte.toUnsignedInt(pixels[i])))
        .collect(Collectors.joining(","));
  }

  private static byte[] png(ImageSet images) {
    BufferedImage picture =
        new BufferedImage(images.columns(), images.rows(), BufferedImage.TYPE_BYTE_GRAY);
    byte[] pixels = images.image(0);
    picture.getRaster().setDataElements(0, 0, images.columns(), images.rows(), pixels);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(picture, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // in memory: a bug in this program
    }
    return out.toByteArray();
  }
}
