// SPDX-License-Identifier: Apache-2.0
package dev.coracle.dataset;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** Makes small idx files, with the JDK's own gzip writer. */
public final class Idx {

  static final int IMAGES = 0x00000803;
  static final int LABELS = 0x00000801;

  private Idx() {}

  /** Three images of 2x4 whose pixels are 0, 10, ..., 230. */
  static byte[] images() {
    return images(3, 2, 4);
  }

  static byte[] images(int count, int rows, int columns) {
    return file(new int[] {IMAGES, count, rows, columns}, body(count * rows * columns));
  }

  static byte[] labels(int... labels) {
    byte[] body = new byte[labels.length];
    for (int i = 0; i < body.length; i++) {
      body[i] = (byte) labels[i];
    }
    return file(new int[] {LABELS, labels.length}, body);
  }

  static byte[] body(int length) {
    byte[] body = new byte[length];
    for (int i = 0; i < length; i++) {
      body[i] = (byte) (10 * i);
    }
    return body;
  }

  static byte[] file(int[] header, byte[] body) {
    ByteBuffer file = ByteBuffer.allocate(4 * header.length + body.length);
    for (int word : header) {
      file.putInt(word);
    }
    return file.put(body).array();
  }

  public static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static byte[] join(byte[] first, byte... second) {
    return ByteBuffer.allocate(first.length + second.length).put(first).put(second).array();
  }

  static Path write(Path folder, String name, byte[] content) {
    try {
      return Files.write(folder.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void mkdirs(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
