// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks;

import java.util.Optional;

/** Prints measurements as tables in Markdown: one for each number of callers. */
final class Tables {

  private final Measurements measurements;

  Tables(Measurements measurements) {
    this.measurements = measurements;
  }

  String tables() {
    return table(1, "One caller") + table(2, "Two callers");
  }

  private String table(int callers, String title) {
    StringBuilder table =
        new StringBuilder(
            """
            %s. Median (least–greatest) of %d rounds, a JVM each; images/s and B a call are medians. Speed is
            relative to the bare session on one thread, and to DJL on ONNX Runtime with its defaults, in the same round.

            | images a call | | µs a call | images/s | B a call | speed / bare | speed / DJL |
            | ---: | --- | ---: | ---: | ---: | ---: | ---: |
            """
                .formatted(title, measurements.rounds()));
    Case.all().stream()
        .filter(c -> c.callers() == callers)
        .forEach(c -> row(c).ifPresent(table::append));
    return table.append('\n').toString();
  }

  private Optional<String> row(Case c) {
    return measurements
        .of(c, Measurements.Sample::micros)
        .map(
            micros ->
                "| %d | %s | %s | %s | %s | %s | %s |%n"
                    .formatted(
                        c.batch(),
                        c.contender().title,
                        micros,
                        Spread.number(1e6 * c.callers() * c.batch() / micros.median()),
                        measurements
                            .of(c, Measurements.Sample::bytes)
                            .map(bytes -> Spread.number(Math.rint(bytes.median())))
                            .orElse(""),
                        speed(c, Contender.BARE),
                        speed(c, Contender.DJL)));
  }

  private String speed(Case c, Contender reference) {
    return measurements
        .of(c, c.of(reference), (ours, theirs) -> theirs.micros() / ours.micros())
        .map(Spread::toString)
        .orElse("");
  }
}
