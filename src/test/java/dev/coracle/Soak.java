// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

/** Says how long the long tests run. */
public final class Soak {

  private Soak() {}

  /** Returns the rounds of a test that has {@code full}: {@code coracle.soak.percent} of them. */
  public static int rounds(int full) {
    return Math.max(1, full * Integer.getInteger("coracle.soak.percent", 100) / 100);
  }
}
