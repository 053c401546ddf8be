// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import dev.coracle.benchmarks.Spread;
import java.util.Optional;

/**
 * Prints as a table in Markdown whether the server meets the goals it was built for. The median
 * decides, but where every single one counts.
 */
final class ServingGoals {

  /** Requests/s of a FastAPI and uvicorn server with one ONNX Runtime session, on 2 processors. */
  private static final double FAST_API_RAW = 1_167;

  private static final double FAST_API_JSON = 798;

  /** The same with a session for every request, as in the article's function. */
  private static final double SESSION_PER_REQUEST = 98;

  private static final String HEAD =
      """
      | | measured | goal | met |
      | --- | ---: | ---: | --- |
      """;

  private final Figures figures;
  private final StringBuilder table = new StringBuilder();

  ServingGoals(Figures figures) {
    this.figures = figures;
  }

  String table() {
    table.setLength(0);
    throughput();
    latency();
    overload();
    slowClients();
    footprint();
    return HEAD + table;
  }

  private void throughput() {
    atLeast("raw / library", figures.ratio("/raw/perSecond", "/library/best"), 0.6);
    atLeast("raw, requests/s", figures.of("/raw/perSecond"), 3.3 * FAST_API_RAW);
    atLeast("JSON / library", figures.ratio("/json/perSecond", "/library/best"), 0.4);
    atLeast("JSON, requests/s", figures.of("/json/perSecond"), 3 * FAST_API_JSON);
    atLeast(
        "JSON / a session per request",
        figures.of("/json/perSecond").map(spread -> divided(spread, SESSION_PER_REQUEST)),
        25);
  }

  private static Spread divided(Spread spread, double by) {
    return new Spread(spread.median() / by, spread.min() / by, spread.max() / by);
  }

  private void latency() {
    told("low load: library, p50, ms", "/latency/libraryP50");
    told("low load: library, p99, ms", "/latency/libraryP99");
    told("low load: HTTP, p50, ms", "/latency/httpP50");
    told("low load: HTTP, p99, ms", "/latency/httpP99");
    told("low load: added by HTTP, p50, ms", "/latency/addedP50");
    below("low load: added by HTTP, p99, ms", figures.of("/latency/addedP99"), 1);
  }

  private void overload() {
    told("machine: arithmetic of 1 ms, p50, ms", "/machine/unitP50");
    told("machine: arithmetic of 1 ms, p99.9, ms", "/machine/unitP999");
    told("machine: arithmetic of 1 ms, slowest, ms", "/machine/unitMax");
    told("overload: peak before, requests/s of 32 images", "/overload/peakBefore");
    told("overload: peak after, requests/s of 32 images", "/overload/peakAfter");
    told("overload: due / peak before", "/overload/sentOverPeak");
    atLeast("overload: accepted / peak", figures.of("/overload/acceptedOverPeak"), 0.9);
    told("overload: answered 200, %", "/overload/share200");
    told("overload: answered 503, %", "/overload/share503");
    none("overload: answered otherwise or not, %", "/overload/shareOther");
    none("overload: 503 without Retry-After", "/overload/withoutRetryAfter");
    told("overload: 200 after, p99, ms", "/overload/acceptedP99");
    told("overload: 503 after, p50, ms", "/overload/refusedP50");
    told("overload: 503 after, p99, ms", "/overload/refusedP99");
    figures
        .of("/overload/refusedMax")
        .ifPresent(
            spread -> row("overload: 503 after, slowest, ms", spread, "≤ 10", spread.max() <= 10));
    told("overload: processors that the generator took", "/overload/generatorProcessors");
  }

  private void slowClients() {
    told("healthy clients, requests/s", "/slow-clients/perSecond");
    told("healthy clients alone, p99, ms", "/slow-clients/p99Without");
    told("beside 1,000 slow ones, p99, ms", "/slow-clients/p99With");
    atMost("beside / alone, p99", figures.of("/slow-clients/p99Ratio"), 2);
    none("healthy requests not answered by 200", "/slow-clients/notAccepted");
    told("slow connections closed by the server", "/slow-clients/closedByServer");
  }

  private void footprint() {
    below(
        "start to first 200 on /ping, median of a round, ms",
        figures.of("/start/startMillis"),
        1_500);
    told("… fastest of a round, ms", "/start/startMillisMin");
    told("… slowest of a round, ms", "/start/startMillisMax");
    told("resident after start, MB", "/start/residentMegabytes");
    below("most resident in raw load, MB", figures.of("/raw/peakMegabytes"), 250);
    below("most resident in JSON load, MB", figures.of("/json/peakMegabytes"), 250);
  }

  private void told(String what, String figure) {
    figures.of(figure).ifPresent(spread -> row(what, spread, "", ""));
  }

  private void atLeast(String what, Optional<Spread> measured, double bound) {
    measured.ifPresent(s -> row(what, s, "≥ " + Spread.number(bound), s.median() >= bound));
  }

  private void atMost(String what, Optional<Spread> measured, double bound) {
    measured.ifPresent(s -> row(what, s, "≤ " + Spread.number(bound), s.median() <= bound));
  }

  private void below(String what, Optional<Spread> measured, double bound) {
    measured.ifPresent(s -> row(what, s, "< " + Spread.number(bound), s.median() < bound));
  }

  private void none(String what, String figure) {
    figures.of(figure).ifPresent(s -> row(what, s, "0", s.max() == 0));
  }

  private void row(String what, Spread measured, String goal, boolean met) {
    row(what, measured, goal, met ? "yes" : "**no**");
  }

  private void row(String what, Spread measured, String goal, String met) {
    table.append("| %s | %s | %s | %s |\n".formatted(what, measured, goal, met));
  }
}
