// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Encodes grey pictures as PNG with nothing but {@code java.util.zip}, so that a page has its
 * pictures even where AWT, and with it ImageIO, cannot start. Format:
 * https://www.w3.org/TR/png-3/#5Chunk-layout.
 */
final class GreyPng {

  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final int CHUNK_FRAME = 12; // length, type and CRC: 4 bytes each

  private GreyPng() {}

  /** Returns {@code rows * columns} unsigned bytes from {@code offset} on as a data URI. */
  static String dataUri(byte[] pixels, int offset, int rows, int columns) {
    byte[] png = encode(pixels, offset, rows, columns);
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
  }

  static byte[] encode(byte[] pixels, int offset, int rows, int columns) {
    ByteBuffer header = ByteBuffer.allocate(13).putInt(columns).putInt(rows);
    header.put(new byte[] {8, 0, 0, 0, 0}); // 8 bits, greyscale, deflate, adaptive, not interlaced
    byte[] lines = new byte[rows * (columns + 1)]; // Each line: filter type 0, then its pixels.
    for (int row = 0; row < rows; row++) {
      System.arraycopy(pixels, offset + row * columns, lines, row * (columns + 1) + 1, columns);
    }
    byte[] data = deflate(lines);
    ByteBuffer png =
        ByteBuffer.allocate(SIGNATURE.length + 13 + data.length + 3 * CHUNK_FRAME).put(SIGNATURE);
    chunk(png, "IHDR", header.array());
    chunk(png, "IDAT", data);
    chunk(png, "IEND", new byte[0]);
    return png.array();
  }

  private static void chunk(ByteBuffer png, String type, byte[] data) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    png.putInt(data.length).put(name).put(data).putInt((int) crc.getValue());
  }

  private static byte[] deflate(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      byte[] buffer = new byte[1024];
      while (!deflater.finished()) {
        packed.write(buffer, 0, deflater.deflate(buffer));
      }
      return packed.toByteArray();
    } finally {
      deflater.end();
    }
  }
}
