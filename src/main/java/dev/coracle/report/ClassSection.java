// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.TestSet;
import java.util.Locale;
import java.util.stream.IntStream;

/** Shows each class with the image that the network reads best, its accuracy and errors. */
final class ClassSection {

  private ClassSection() {}

  static void append(Html html, TestSet testSet, Evaluation evaluation) {
    double worst =
        IntStream.range(0, evaluation.classes())
            .mapToDouble(c -> 1 - evaluation.recall(c))
            .filter(share -> share > 0)
            .max()
            .orElse(1);
    html.add("<section aria-labelledby=\"classes\">\n")
        .element("h2 id=\"classes\"", "Class by class")
        .element(
            "p class=\"note\"",
            "Each class with the test image read with most certainty, the share of its images"
                + " recognised, and a bar for its share of errors, full where that is largest.")
        .add("\n<ul class=\"classes" + (ConfusionTable.longNames(testSet) ? " long" : ""))
        .add("\">\n");
    for (int c = 0; c < evaluation.classes(); c++) {
      tile(html, testSet, evaluation, c, (1 - evaluation.recall(c)) / worst);
    }
    html.add("</ul>\n</section>\n");
  }

  private static void tile(Html html, TestSet set, Evaluation evaluation, int c, double bar) {
    int image = evaluation.clearest(c);
    html.add("<li>");
    if (image >= 0) {
      String name = set.classNames().get(c) + ", test image " + Format.count(image);
      Picture.append(html, set, image, name);
    } else {
      html.add("<span class=\"blank\"></span>");
    }
    int all = evaluation.actual(c);
    int errors = all - evaluation.count(c, c);
    html.element("b", set.classNames().get(c))
        .element("span", all == 0 ? "no images" : Format.percent(evaluation.recall(c)))
        .add("<i class=\"bar\"><i style=\"width:")
        .add(String.format(Locale.ROOT, "%.1f", all == 0 ? 0 : bar * 100))
        .add("%\"></i></i>")
        .element("small", Format.plural(errors, "error") + " of\u00a0" + Format.count(all))
        .add("</li>\n");
  }
}
