// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

/** Says how many rounds a long test takes: all, or the percentage {@code coracle.soak.percent}. */
public final class Soak {

  private Soak() {}

  public static int rounds(int full) {
    int percent = Integer.getInteger("coracle.soak.percent", 100);
    return (int) Math.max(1, (long) full * percent / 100);
  }
}
