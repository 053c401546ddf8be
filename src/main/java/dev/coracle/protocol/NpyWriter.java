// SPDX-License-Identifier: Apache-2.0
package dev.coracle.protocol;

import dev.coracle.inference.Prediction;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Writes NumPy's file format (numpy.lib.format), version 1.0. */
final class NpyWriter {

  static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** The data begin at a multiple of this. */
  private static final int ALIGNMENT = 64;

  private NpyWriter() {}

  /** Writes probabilities as float32 (images, classes), little-endian, in C order. */
  static byte[] write(List<Prediction> predictions) {
    int classes = predictions.get(0).probabilities().length;
    String header =
        String.format(
            Locale.ROOT, // in some locales, digits are not ASCII
            "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }",
            predictions.size(),
            classes);
    int start = MAGIC.length + 4; // version and length of the header
    int data = (start + header.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ByteBuffer npy =
        ByteBuffer.allocate(data + predictions.size() * classes * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    npy.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (data - start));
    npy.put(header.getBytes(StandardCharsets.US_ASCII));
    while (npy.position() < data - 1) {
      npy.put((byte) ' ');
    }
    npy.put((byte) '\n');
    for (Prediction prediction : predictions) {
      for (float probability : prediction.probabilities()) {
        npy.putFloat(probability);
      }
    }
    return npy.array();
  }
}
