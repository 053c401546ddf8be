// SPDX-License-Identifier: Apache-2.0
package dev.coracle.benchmarks.serving;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.benchmarks.ResultFile;
import dev.coracle.benchmarks.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Prints a run as tables in Markdown; draws its picture. */
final class ServingReport {

  private final JsonNode document;
  private final Figures figures;

  ServingReport(JsonNode document) {
    this.document = document;
    this.figures = new Figures(document);
  }

  String text() {
    return "%s\nLoad of raw, json and curve from %s; the server's JVM has %s. Median (least–greatest) of %d rounds.\n\n%s%s%s"
        .formatted(
            ResultFile.origin(document),
            document.path("load").asText(),
            document.path("serverJvmArguments").asText(),
            figures.rounds(),
            throughput(),
            curve(),
            new ServingGoals(figures).table());
  }

  private String throughput() {
    return """
        | | images/s | of the library | p50, ms | p99, ms |
        | --- | ---: | ---: | ---: | ---: |
        """
        + throughput("library, lists of 32, one caller", "/library/oneCaller", "")
        + throughput(
            "library, lists of 32, a caller on each processor", "/library/allProcessors", "")
        + throughput("HTTP, raw bytes, 64 connections", "/raw/perSecond", "/raw")
        + throughput("HTTP, the article's JSON, 64 connections", "/json/perSecond", "/json")
        + "\n";
  }

  private String throughput(String what, String perSecond, String latencies) {
    return "| %s | %s | %s | %s | %s |\n"
        .formatted(
            what,
            cell(figures.of(perSecond)),
            figures
                .ratio(perSecond, "/library/best")
                .map(ratio -> "%.0f %%".formatted(100 * ratio.median()))
                .orElse(""),
            latencies.isEmpty() ? "" : cell(figures.of(latencies + "/p50")),
            latencies.isEmpty() ? "" : cell(figures.of(latencies + "/p99")));
  }

  private String curve() {
    if (figures.of("/curve/1/perSecond").isEmpty()) {
      return "";
    }
    StringBuilder table =
        new StringBuilder(
            """
            | connections | requests/s | p50, ms | p99, ms |
            | ---: | ---: | ---: | ---: |
            """);
    for (int connections : LoadCurve.CONNECTIONS) {
      String at = "/curve/" + connections;
      table.append(
          "| %d | %s | %s | %s |\n"
              .formatted(
                  connections,
                  cell(figures.of(at + "/perSecond")),
                  cell(figures.of(at + "/p50")),
                  cell(figures.of(at + "/p99"))));
    }
    return table.append('\n').toString();
  }

  private static String cell(Optional<Spread> spread) {
    return spread.map(Spread::toString).orElse("");
  }

  /** Returns an SVG document; throws where the run has no curve. */
  String picture() {
    List<CurvePicture.Point> points = new ArrayList<>();
    for (int connections : LoadCurve.CONNECTIONS) {
      String at = "/curve/" + connections;
      points.add(
          new CurvePicture.Point(
              connections, median(at + "/perSecond"), median(at + "/p50"), median(at + "/p99")));
    }
    return new CurvePicture(points, figures.of("/library/best").map(Spread::median)).svg();
  }

  private double median(String figure) {
    return figures
        .of(figure)
        .orElseThrow(() -> new IllegalArgumentException("the results have no " + figure))
        .median();
  }
}
