// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import dev.coracle.net.Net;

/** Prepares images and reads scores, for the contenders that leave this to their caller. */
final class Pixels {

  /** Height and width. */
  static final int SIZE = Net.SIZE;

  static final int COUNT = SIZE * SIZE;

  /** Input of the network for each grey value. */
  static final float[] SCALE = new float[256];

  static {
    for (int grey = 0; grey < 256; grey++) {
      SCALE[grey] = (grey / 255f - Net.MEAN) / Net.STD;
    }
  }

  private Pixels() {}

  /** Returns (1,28,28), normalised. */
  static float[][][] nested(byte[] image) {
    float[][][] values = new float[1][SIZE][SIZE];
    for (int i = 0; i < COUNT; i++) {
      values[0][i / SIZE][i % SIZE] = SCALE[image[i] & 0xff];
    }
    return values;
  }

  /** Returns (784), normalised. */
  static float[] flat(byte[] image) {
    float[] values = new float[COUNT];
    for (int i = 0; i < COUNT; i++) {
      values[i] = SCALE[image[i] & 0xff];
    }
    return values;
  }

  static int argmax(float[] scores) {
    return argmax(scores, 0);
  }

  /** Returns the class with the largest score in a row of (N,10), the lowest on a tie. */
  static int argmax(float[] scores, int row) {
    int from = row * Net.CLASSES;
    int best = 0;
    for (int i = 1; i < Net.CLASSES; i++) {
      if (scores[from + i] > scores[from + best]) {
        best = i;
      }
    }
    return best;
  }
}
