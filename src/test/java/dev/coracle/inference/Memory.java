// SPDX-License-Identifier: Apache-2.0
package dev.coracle.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks for leaks of native memory, on Linux. */
public final class Memory {

  private Memory() {}

  /**
   * Looks at the round that grew least: a leak grows in each, the Java heap of the tests before
   * this one in some.
   */
  public static void assertFlat(int times, Runnable work) throws IOException {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = residentKilobytes();
      for (int i = 0; i < times; i++) {
        work.run();
      }
      System.gc();
      least = Math.min(least, residentKilobytes() - before);
    }
    assertThat(least).as("growth in KiB").isLessThan(100_000);
  }

  /** Returns this process's resident memory. */
  static long residentKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("no VmRSS in /proc/self/status");
  }
}
