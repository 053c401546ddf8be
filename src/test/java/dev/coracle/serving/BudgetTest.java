// SPDX-License-Identifier: Apache-2.0
package dev.coracle.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class BudgetTest {

  @Test
  void take_upToTheLimit_fits() {
    Budget budget = new Budget(10);
    assertThat(budget.take(7)).isTrue();
    assertThat(budget.take(4)).isFalse();
    assertThat(budget.take(3)).isTrue();
    assertThat(budget.take(1)).isFalse();
    budget.give(10);
    assertThat(budget.take(Long.MAX_VALUE)).isFalse();
    assertThat(budget.used()).isZero();
  }

  @Test
  void take_whatFitsBesideWhatDoesNot_isNeverRefused() {
    Budget budget = new Budget(10);
    AtomicBoolean running = new AtomicBoolean(true);
    CompletableFuture<Void> greedy =
        CompletableFuture.runAsync(
            () -> {
              while (running.get()) {
                assertThat(budget.take(11)).isFalse();
              }
            });
    int refused = 0;
    for (int i = 0; i < 1_000_000; i++) {
      if (budget.take(10)) {
        budget.give(10);
      } else {
        refused++;
      }
    }
    running.set(false);
    greedy.join();
    assertThat(refused).isZero();
  }
}
