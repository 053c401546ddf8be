// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.Fact;
import dev.coracle.report.ReportData.OnnxCheck;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Puts the sections together: the number, the key figures, the curve, the errors, the facts. */
final class Page {

  private Page() {}

  static String render(ReportData data, LossSection.Plot plot) {
    Evaluation evaluation = new Evaluation(data.testSet());
    Html html = new Html();
    html.add("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n")
        .add("<meta charset=\"utf-8\"/>\n")
        .add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
        .add("<meta name=\"color-scheme\" content=\"light dark\"/>\n")
        // The browser itself refuses whatever the page might try to load.
        .add("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';")
        .add(" img-src data:; style-src 'unsafe-inline'\"/>\n")
        .add("<link rel=\"icon\" href=\"data:,\"/>\n") // Otherwise browsers request one.
        .element("title", data.title() + " – " + Format.percent(evaluation.accuracy()))
        .add("\n<style>\n" + css() + "</style>\n</head>\n<body>\n<main>\n");
    header(html, data, evaluation);
    cards(html, data, evaluation);
    LossSection.append(html, data, plot);
    ClassSection.append(html, data.testSet(), evaluation);
    ConfusionTable.append(html, data.testSet(), evaluation);
    MistakeGallery.append(html, data.testSet(), evaluation);
    onnx(html, data.onnx());
    facts(html, "configuration", "Configuration", data.options());
    facts(html, "facts", "How this was made", data.facts());
    return html.add("</main>\n</body>\n</html>\n").toString();
  }

  private static String css() {
    try (InputStream in = Page.class.getResourceAsStream("report.css")) {
      byte[] css = Objects.requireNonNull(in, "report.css is missing from the jar").readAllBytes();
      return new String(css, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void header(Html html, ReportData data, Evaluation evaluation) {
    double[] interval = evaluation.interval();
    html.add("<header>\n")
        .element("h1", data.title())
        .add("\n<p class=\"accuracy\"><strong>")
        .text(Format.percentNumber(evaluation.accuracy()))
        .add("<span>\u00a0%</span></strong></p>\n<p class=\"lead\">")
        .text(Format.count(evaluation.correct()) + " of " + Format.count(evaluation.size()))
        .text(" test images recognised. ")
        .add("<span class=\"quiet\">")
        .text("95\u00a0% confidence interval " + Format.percentNumber(interval[0]) + " to ")
        .text(Format.percent(interval[1]) + ".")
        .add("</span></p>\n</header>\n");
  }

  /** A resumed run has trained only some of the epochs. */
  private static String passes(List<Epoch> epochs) {
    int first = epochs.get(0).epoch();
    int last = epochs.get(epochs.size() - 1).epoch();
    if (first == 1) {
      return Format.plural(epochs.size(), "epoch");
    }
    return first == last
        ? "epoch " + Format.count(first) + " alone, resumed"
        : "epochs " + Format.count(first) + " to " + Format.count(last) + " alone, resumed";
  }

  private static void cards(Html html, ReportData data, Evaluation evaluation) {
    html.add("<dl class=\"cards\">\n");
    int errors = evaluation.errors();
    card(html, "", errors == 1 ? "Error" : "Errors", Format.count(errors), rate(evaluation));
    List<Epoch> epochs = data.epochs();
    if (!epochs.isEmpty()) {
      double seconds = epochs.stream().mapToDouble(Epoch::seconds).sum();
      double images = epochs.stream().mapToDouble(e -> e.seconds() * e.imagesPerSecond()).sum();
      String speed = seconds > 0 ? Format.count(Math.round(images / seconds)) : "–";
      card(html, "", "Images per second", speed, "in training");
      card(html, "", "Training time", Format.duration(seconds), passes(epochs));
      Epoch last = epochs.get(epochs.size() - 1);
      // A run that was stopped has trained the network beyond the last whole epoch.
      boolean further = Math.abs(evaluation.loss() - last.testLoss()) > 1e-4;
      String train =
          "training loss %s%s"
              .formatted(Format.loss(last.trainLoss()), further ? " in the last whole epoch" : "");
      card(html, "", "Test loss", Format.loss(evaluation.loss()), train);
    }
    OnnxCheck onnx = data.onnx();
    if (onnx == null) {
      card(html, "", "ONNX file", "–", "not compared with the network");
    } else {
      String same = Format.count(onnx.samePredictions()) + " of " + Format.count(onnx.images());
      String kind = onnx.passed() ? "good" : "bad";
      String value = onnx.passed() ? "✓ agrees" : "✗ differs";
      card(html, kind, "ONNX file", value, same + " predictions the same");
    }
    html.add("</dl>\n");
  }

  private static String rate(Evaluation evaluation) {
    String of = "of " + Format.plural(evaluation.size(), "test image");
    if (evaluation.errors() == 0) {
      return of;
    }
    double oneIn = (double) evaluation.size() / evaluation.errors();
    return oneIn < 2 // where a whole number would tell too little
        ? Format.percent(1 / oneIn) + " " + of
        : "one in " + Format.count(Math.round(oneIn));
  }

  private static void card(Html html, String kind, String label, String value, String note) {
    html.add("<div" + (kind.isEmpty() ? "" : " class=\"" + kind + "\"") + ">")
        .element("dt", label)
        .element("dd class=\"value\"", value)
        .element("dd", note)
        .add("</div>\n");
  }

  private static void onnx(Html html, @Nullable OnnxCheck check) {
    if (check == null) {
      return;
    }
    String difference = Format.significant(check.largestDifference());
    facts(
        html,
        "onnx",
        "The ONNX file",
        List.of(
            new Fact("file", check.fileName()),
            new Fact("size", Format.bytes(check.bytes())),
            new Fact("opset", Integer.toString(check.opset())),
            new Fact("images compared", Format.count(check.images())),
            new Fact("same predictions", Format.count(check.samePredictions())),
            new Fact("largest difference of log-probabilities", difference),
            new Fact("tolerance", Format.significant(check.tolerance())),
            new Fact("verdict", check.passed() ? "agrees with the network" : "differs")));
  }

  private static void facts(Html html, String id, String title, List<Fact> facts) {
    if (facts.isEmpty()) {
      return;
    }
    html.add("<section aria-labelledby=\"" + id + "\" class=\"facts\">\n")
        .element("h2 id=\"" + id + "\"", title)
        .add("\n<table>\n<tbody>\n");
    for (Fact fact : facts) {
      html.add("<tr>").element("th scope=\"row\"", fact.label());
      html.element("td", fact.value()).add("</tr>\n");
    }
    html.add("</tbody>\n</table>\n</section>\n");
  }
}
