// SPDX-License-Identifier: Apache-2.0
package dev.coracle;

/**
 * Says how long the tests named {@code SoakIT} run: {@code -Dcoracle.soak.percent} shortens their
 * rounds, never what they assert.
 */
public final class Soak {

  private Soak() {}

  /** Returns the share of the rounds of a full run that this one does, at least one. */
  public static int rounds(int full) {
    return Math.max(1, full * Integer.getInteger("coracle.soak.percent", 100) / 100);
  }
}
