// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.StreamSupport;

/**
 * Holds what JMH measured, by round. Figures that compare two cases are made within each round,
 * where the machine was in the same state for both, and then summed up.
 */
final class Measurements {

  /**
   * What one JVM measured.
   *
   * @param micros time of a call
   * @param bytes allocated in a call, all threads together
   */
  record Sample(double micros, double bytes) {}

  private final List<Map<Case, Sample>> rounds = new ArrayList<>();
  private final JsonNode coldStart;

  /** Reads a document of {@link ResultFile}. */
  Measurements(JsonNode document) {
    for (JsonNode results : document.path("rounds")) {
      Map<Case, Sample> round = new HashMap<>();
      for (JsonNode result : results) {
        round.put(
            measured(result),
            new Sample(
                result.at("/primaryMetric/score").asDouble(),
                result.at("/secondaryMetrics/gc.alloc.rate.norm/score").asDouble()));
      }
      rounds.add(round);
    }
    coldStart = document.path("coldStart");
  }

  private static Case measured(JsonNode result) {
    for (Contender contender : Contender.values()) {
      if (result.path("benchmark").asText().equals(contender.benchmark)
          && contender.parameters.entrySet().stream()
              .allMatch(p -> result.at("/params/" + p.getKey()).asText().equals(p.getValue()))) {
        return new Case(
            contender, result.at("/params/batch").asInt(), result.path("threads").asInt());
      }
    }
    throw new IllegalArgumentException("no contender is measured by " + result);
  }

  int rounds() {
    return rounds.size();
  }

  /** Sums a figure of one case up; empty where no round has it. */
  Optional<Spread> of(Case a, ToDoubleFunction<Sample> figure) {
    return spread(
        rounds.stream()
            .filter(r -> r.containsKey(a))
            .mapToDouble(r -> figure.applyAsDouble(r.get(a))));
  }

  /** Sums up a figure that compares two cases; empty where no round has both. */
  Optional<Spread> of(Case a, Case b, ToDoubleBiFunction<Sample, Sample> figure) {
    return spread(
        rounds.stream()
            .filter(r -> r.containsKey(a) && r.containsKey(b))
            .mapToDouble(r -> figure.applyAsDouble(r.get(a), r.get(b))));
  }

  /** Sums up the times of a benchmark of {@link ColdStartBenchmark}, in ms. */
  Optional<Spread> coldStart(String method) {
    return spread(
        StreamSupport.stream(coldStart.spliterator(), false)
            .filter(result -> result.path("benchmark").asText().endsWith("." + method))
            .flatMap(
                result ->
                    StreamSupport.stream(result.at("/primaryMetric/rawData").spliterator(), false))
            .flatMap(fork -> StreamSupport.stream(fork.spliterator(), false))
            .mapToDouble(JsonNode::asDouble));
  }

  private static Optional<Spread> spread(DoubleStream values) {
    double[] all = values.toArray();
    return all.length == 0 ? Optional.empty() : Optional.of(Spread.of(DoubleStream.of(all)));
  }
}
