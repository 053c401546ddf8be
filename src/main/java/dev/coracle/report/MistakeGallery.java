// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.TestSet;
import java.util.List;

/** Shows the images that the network got most wrong. */
final class MistakeGallery {

  static final int LIMIT = 24;

  private MistakeGallery() {}

  static void append(Html html, TestSet set, Evaluation evaluation) {
    List<Integer> worst = evaluation.worstMistakes(LIMIT);
    html.add("<section aria-labelledby=\"mistakes\">\n")
        .element("h2 id=\"mistakes\"", worst.isEmpty() ? "Mistakes" : "Worst mistakes");
    if (worst.isEmpty()) {
      html.element("p class=\"none\"", "None: every test image was recognised.");
      html.add("\n</section>\n");
      return;
    }
    String which =
        worst.size() == evaluation.errors()
            ? "All " + Format.plural(worst.size(), "mistake")
            : "The " + worst.size() + " worst of " + Format.plural(evaluation.errors(), "mistake");
    html.element(
        "p class=\"note\"",
        (worst.size() == 1 ? "The only mistake" : which)
            + ", by how little probability the true class got. The number is the image's place in"
            + " the test set, counted from 0.");
    html.add("\n<div class=\"mistakes\">\n");
    for (int image : worst) {
      mistake(html, set, evaluation, image);
    }
    html.add("</div>\n</section>\n");
  }

  private static void mistake(Html html, TestSet set, Evaluation evaluation, int image) {
    String truth = set.classNames().get(set.label(image));
    int prediction = evaluation.prediction(image);
    boolean none = prediction == Evaluation.NONE;
    html.add("<figure>");
    Picture.append(html, set, image, "Test image " + image + ", true class " + truth);
    html.add("<figcaption><span>true ")
        .element("b class=\"truth\"", truth)
        .text(", read as ")
        .element("b class=\"guess\"", none ? "no number" : set.classNames().get(prediction))
        .text(
            none ? "" : " (" + Format.probability(evaluation.probability(image, prediction)) + ")")
        .add("</span>")
        .element("small", "#" + image)
        .add("</figcaption></figure>\n");
  }
}
