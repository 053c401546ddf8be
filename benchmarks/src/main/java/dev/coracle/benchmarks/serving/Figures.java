// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.benchmarks.Spread;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Sums up what the rounds measured. A figure is named by its place in a round, such as {@code
 * /raw/perSecond}; one that compares two is made within each round, where the machine was in the
 * same state for both.
 */
final class Figures {

  private final JsonNode rounds;

  /** Reads a document of {@link ServingComparison}. */
  Figures(JsonNode document) {
    this.rounds = document.path("rounds");
  }

  int rounds() {
    return rounds.size();
  }

  /** Empty where no round has the figure. */
  Optional<Spread> of(String figure) {
    return spread(stream().mapToDouble(round -> value(round, figure)));
  }

  /** {@code a / b}; empty where no round has both. */
  Optional<Spread> ratio(String a, String b) {
    return spread(stream().mapToDouble(round -> value(round, a) / value(round, b)));
  }

  private Stream<JsonNode> stream() {
    return StreamSupport.stream(rounds.spliterator(), false);
  }

  private static double value(JsonNode round, String figure) {
    return round.at(figure).isNumber() ? round.at(figure).asDouble() : Double.NaN;
  }

  private static Optional<Spread> spread(DoubleStream values) {
    double[] measured = values.filter(Double::isFinite).toArray();
    return measured.length == 0
        ? Optional.empty()
        : Optional.of(Spread.of(DoubleStream.of(measured)));
  }
}
