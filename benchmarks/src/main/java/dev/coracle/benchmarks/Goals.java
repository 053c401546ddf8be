// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Prints as a table in Markdown whether Coracle meets the goals it was built for. The median
 * decides.
 */
final class Goals {

  private static final String HEAD =
      """
      Goals for one image a call; median (least–greatest).

      | | measured | goal | met |
      | --- | ---: | ---: | --- |
      """;

  private static final double MIN_SPEED_OVER_DJL = 1.3;
  private static final double MIN_SECOND_CALLER = 1.8;
  private static final double MAX_BYTES = 512;
  private static final double MAX_FIRST_ANSWER = 150; // ms
  private static final double MAX_COMMAND = 1_000; // ms

  private static final Case ONE_IMAGE = new Case(Contender.CORACLE, 1, 1);

  private final Measurements measurements;
  private final StringBuilder table = new StringBuilder();

  Goals(Measurements measurements) {
    this.measurements = measurements;
  }

  String table() {
    table.setLength(0);
    overhead("`session.run` alone", Contender.BARE_RUN);
    overhead("a bare session with preprocessing", Contender.BARE);
    atMost(
        "allocated a call, B", measurements.of(ONE_IMAGE, Measurements.Sample::bytes), MAX_BYTES);
    speedOver(Contender.DJL);
    speedOver(Contender.DJL_1);
    speedOver(Contender.DJL_UNSTACKED);
    speedOver(Contender.DJL_UNSTACKED_1);
    secondCaller(Contender.CORACLE, OptionalDouble.of(MIN_SECOND_CALLER));
    secondCaller(Contender.BARE, OptionalDouble.empty());
    atMost(
        "open and first answer in a running JVM, ms",
        measurements.coldStart("firstAnswer"),
        MAX_FIRST_ANSWER);
    atMost("the whole command `classify`, ms", measurements.coldStart("command"), MAX_COMMAND);
    return HEAD + table;
  }

  /** At most 5 % or 10 µs, whichever is more. */
  private void overhead(String over, Contender floor) {
    Case bare = ONE_IMAGE.of(floor);
    Optional<Spread> micros =
        measurements.of(ONE_IMAGE, bare, (ours, theirs) -> ours.micros() - theirs.micros());
    Optional<Spread> percent =
        measurements.of(
            ONE_IMAGE, bare, (ours, theirs) -> 100 * (ours.micros() / theirs.micros() - 1));
    if (micros.isPresent()) {
      row(
          "over " + over + ", µs",
          micros.get(),
          "≤ 10",
          Optional.of(micros.get().median() <= 10 || percent.get().median() <= 5));
      row(
          "over " + over + ", %",
          percent.get(),
          "or ≤ 5",
          Optional.of(micros.get().median() <= 10 || percent.get().median() <= 5));
    }
  }

  private void speedOver(Contender other) {
    measurements
        .of(ONE_IMAGE, ONE_IMAGE.of(other), (ours, theirs) -> theirs.micros() / ours.micros())
        .ifPresent(
            ratio ->
                row(
                    "speed / " + other.title,
                    ratio,
                    "≥ " + MIN_SPEED_OVER_DJL,
                    Optional.of(ratio.median() >= MIN_SPEED_OVER_DJL)));
  }

  private void secondCaller(Contender contender, OptionalDouble least) {
    measurements
        .of(
            new Case(contender, 1, 2),
            new Case(contender, 1, 1),
            (two, one) -> 2 * one.micros() / two.micros())
        .ifPresent(
            ratio ->
                row(
                    "images/s of two callers / one, " + contender.title,
                    ratio,
                    least.isPresent() ? "≥ " + least.getAsDouble() : "",
                    least.isPresent()
                        ? Optional.of(ratio.median() >= least.getAsDouble())
                        : Optional.empty()));
  }

  private void atMost(String what, Optional<Spread> measured, double most) {
    measured.ifPresent(
        spread ->
            row(what, spread, "≤ " + Spread.number(most), Optional.of(spread.median() <= most)));
  }

  private void row(String what, Spread measured, String goal, Optional<Boolean> met) {
    table.append(
        "| %s | %s | %s | %s |%n"
            .formatted(what, measured, goal, met.map(m -> m ? "yes" : "**no**").orElse("")));
  }
}
