// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.TestSet;
import java.util.List;
import java.util.Locale;

/**
 * Shows which class was taken for which. The diagonal and the rest have separate colour scales: on
 * a common one, a handful of errors beside a thousand hits would be invisible.
 */
final class ConfusionTable {

  private static final int SHORT_NAME = 3;

  private ConfusionTable() {}

  static void append(Html html, TestSet set, Evaluation evaluation) {
    List<String> names = set.classNames();
    int classes = evaluation.classes();
    html.add("<section aria-labelledby=\"confusion\">\n")
        .element("h2 id=\"confusion\"", "Confusion")
        .element(
            "p class=\"note\"",
            "How many images of each true class (rows) were read as which class (columns).")
        .add("\n<div class=\"scroll\">\n<table class=\"confusion")
        .add(longNames(set) ? " long" : "")
        .add("\" style=\"max-width:" + (classes + 3) * 5.5 + "rem\">\n<thead>\n")
        .add("<tr><td rowspan=\"2\"></td><th scope=\"colgroup\" class=\"axis\" colspan=\"")
        .add(classes + "\">read as</th>")
        .add("<th scope=\"col\" rowspan=\"2\" class=\"sum\"><span>total</span></th>")
        .add("<th scope=\"col\" rowspan=\"2\" class=\"sum\"><span>recall\u00a0%</span></th></tr>\n")
        .add("<tr>");
    for (String name : names) {
      html.add("<th scope=\"col\"><span>").text(name).add("</span></th>");
    }
    html.add("</tr>\n</thead>\n<tbody>\n");
    int mostErrors = mostErrors(evaluation);
    for (int actual = 0; actual < classes; actual++) {
      html.add("<tr>").element("th scope=\"row\"", names.get(actual));
      for (int predicted = 0; predicted < classes; predicted++) {
        cell(html, evaluation, actual, predicted, mostErrors);
      }
      html.element("td class=\"sum\"", Format.count(evaluation.actual(actual)))
          .element("td class=\"sum\"", Format.percentShort(evaluation.recall(actual)))
          .add("</tr>\n");
    }
    html.add("</tbody>\n<tfoot>\n<tr><th scope=\"row\">total</th>");
    for (int c = 0; c < classes; c++) {
      html.element("td", Format.count(evaluation.predicted(c)));
    }
    html.element("td class=\"sum\"", Format.count(evaluation.size()));
    html.add("<td></td></tr>\n<tr><th scope=\"row\">precision\u00a0%</th>");
    for (int c = 0; c < classes; c++) {
      html.element("td", Format.percentShort(evaluation.precision(c)));
    }
    html.add("<td></td>")
        .element("td class=\"sum\"", Format.percentShort(evaluation.accuracy()))
        .add("</tr>\n</tfoot>\n</table>\n</div>\n</section>\n");
  }

  static boolean longNames(TestSet set) {
    return set.classNames().stream().anyMatch(name -> name.length() > SHORT_NAME);
  }

  private static int mostErrors(Evaluation evaluation) {
    int most = 1;
    for (int actual = 0; actual < evaluation.classes(); actual++) {
      for (int predicted = 0; predicted < evaluation.classes(); predicted++) {
        most = actual == predicted ? most : Math.max(most, evaluation.count(actual, predicted));
      }
    }
    return most;
  }

  private static void cell(Html html, Evaluation evaluation, int actual, int predicted, int most) {
    int count = evaluation.count(actual, predicted);
    String kind;
    double heat;
    if (actual == predicted) {
      // White on a strong colour, or dark text on a faint one: anything in between is hard to read.
      boolean mostly = evaluation.recall(actual) >= 0.5;
      kind = mostly ? "hit" : "hit low";
      double recall = evaluation.actual(actual) == 0 ? 0 : evaluation.recall(actual);
      heat = mostly ? 0.7 + 0.3 * recall : 0.15 + 0.3 * recall;
    } else if (count == 0) {
      html.add("<td class=\"zero\">0</td>");
      return;
    } else {
      kind = "miss";
      heat = 0.15 + 0.85 * Math.sqrt((double) (count - 1) / Math.max(1, most - 1));
    }
    html.add("<td class=\"" + kind + "\" style=\"--heat:")
        .add(String.format(Locale.ROOT, "%.3f", heat))
        .add("\">" + Format.count(count) + "</td>");
  }
}
