// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import static dev.coracle.benchmarks.Contender.BARE;
import static dev.coracle.benchmarks.Contender.BARE_ALL_CORES;
import static dev.coracle.benchmarks.Contender.CORACLE;
import static dev.coracle.benchmarks.Contender.DJL;
import static dev.coracle.benchmarks.Contender.DJL_1;
import static dev.coracle.benchmarks.Contender.DJL_UNSTACKED;
import static dev.coracle.benchmarks.Contender.DJL_UNSTACKED_1;
import static dev.coracle.benchmarks.Contender.NESTED_ARRAYS;
import static dev.coracle.benchmarks.Contender.PYTORCH;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What one JVM of a comparison measures.
 *
 * @param batch images a call
 * @param callers threads that call
 */
record Case(Contender contender, int batch, int callers) {

  private static final Set<Contender> BATCHES =
      EnumSet.of(CORACLE, BARE, BARE_ALL_CORES, NESTED_ARRAYS, DJL, DJL_1, DJL_UNSTACKED, PYTORCH);

  private static final Set<Contender> TWO_CALLERS =
      EnumSet.of(CORACLE, BARE, NESTED_ARRAYS, DJL, DJL_1, DJL_UNSTACKED_1, PYTORCH);

  private static final Set<Contender> BATCHES_OF_TWO_CALLERS =
      EnumSet.of(CORACLE, BARE, DJL, DJL_1);

  /**
   * Returns all cases, those that are compared with each other one after another. For one image
   * there is every contender; with batches and callers the number of those shrinks, so that a
   * comparison takes minutes, not hours.
   */
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    add(cases, EnumSet.allOf(Contender.class), 1, 1);
    add(cases, TWO_CALLERS, 1, 2);
    for (int batch : new int[] {8, 32, 128}) {
      add(cases, BATCHES, batch, 1);
      add(cases, BATCHES_OF_TWO_CALLERS, batch, 2);
    }
    return cases;
  }

  private static void add(List<Case> cases, Set<Contender> contenders, int batch, int callers) {
    for (Contender contender : contenders) {
      cases.add(new Case(contender, batch, callers));
    }
  }

  /** Returns what another contender does for as many images and callers. */
  Case of(Contender other) {
    return new Case(other, batch, callers);
  }
}
