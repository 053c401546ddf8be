// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.LossPoint;
import java.util.List;
import java.util.Locale;

/** Shows how the loss fell: a curve, or a table where no curve can be drawn, and the epochs. */
final class LossSection {

  /** Draws the losses as {@code <svg>} markup whose ids begin with {@code id}. */
  @FunctionalInterface
  interface Plot {
    String svg(List<LossPoint> losses, List<Epoch> epochs, int width, int height, String id);
  }

  private static final int TABLE_ROWS = 12;
  private static final int MANY = 50; // epochs, whose table would be longer than the rest

  private LossSection() {}

  static void append(Html html, ReportData data, Plot plot) {
    if (data.losses().isEmpty() && data.epochs().isEmpty()) {
      return;
    }
    html.add("<section aria-labelledby=\"loss\">\n").element("h2 id=\"loss\"", "Loss").add("\n");
    List<LossPoint> curve = LossCurve.finite(data.losses());
    if (curve.size() < data.losses().size()) {
      int lost = data.losses().size() - curve.size();
      html.element("p class=\"note\"", Format.plural(lost, "loss value") + " not finite.");
    }
    if (curve.size() > 1 || LossCurve.testLosses(data.epochs()).size() > 1) {
      curve(html, data, curve, plot);
    } else { // One point makes no curve.
      table(html, curve);
    }
    epochs(html, data.epochs());
    html.add("</section>\n");
  }

  private static void curve(Html html, ReportData data, List<LossPoint> curve, Plot plot) {
    String wide;
    String narrow;
    try { // Drawn twice, for letters of the same size on a desktop and on a phone.
      wide = plot.svg(data.losses(), data.epochs(), 960, 340, "wide-");
      narrow = plot.svg(data.losses(), data.epochs(), 400, 300, "narrow-");
    } catch (RuntimeException | Error e) {
      if (e instanceof OutOfMemoryError) {
        throw e;
      }
      html.element("p class=\"note\"", reason(e)).add("\n");
      table(html, curve);
      return;
    }
    html.add("<figure class=\"chart\">\n<div role=\"img\" aria-label=\"")
        .text(description(curve, data.epochs()))
        .add("\">\n<div class=\"wide\">" + wide + "</div>\n")
        .add("<div class=\"narrow\">" + narrow + "</div>\n</div>\n")
        .add("<figcaption class=\"legend\">");
    if (!curve.isEmpty()) {
      html.add("<span><i class=\"raw\"></i>training, batch by batch</span> ")
          .add("<span><i class=\"train\"></i>training, smoothed</span> ");
    }
    if (!data.epochs().isEmpty()) {
      html.add("<span><i class=\"test\"></i>test, after each epoch</span>");
    }
    html.add("</figcaption>\n</figure>\n");
  }

  /** Says why there is no curve and what to do about it. */
  static String reason(Throwable e) {
    String message = String.valueOf(e.getMessage());
    if (e instanceof NoClassDefFoundError && message.startsWith("org/knowm/xchart")) {
      return "The loss curve is missing: drawing it needs org.knowm.xchart:xchart on the class"
          + " path. These are its values.";
    }
    return "The loss curve is missing: Java could not draw it ("
        + e.getClass().getSimpleName()
        + (e.getMessage() == null ? "" : ": " + message.lines().findFirst().orElse(""))
        + "). It needs the module java.desktop and, on a machine without fonts, libfontconfig1,"
        + " libfreetype6 and a font such as fonts-dejavu-core; then write the report again. These"
        + " are its values.";
  }

  private static String description(List<LossPoint> curve, List<Epoch> epochs) {
    StringBuilder text = new StringBuilder("Line chart of the loss over the epochs. ");
    if (!curve.isEmpty()) {
      List<LossPoint> smooth = LossCurve.smooth(curve, 2); // the ends
      text.append("Training loss from " + Format.loss(smooth.get(0).loss()));
      text.append(" to " + Format.loss(smooth.get(smooth.size() - 1).loss()) + ". ");
    }
    if (!epochs.isEmpty()) {
      text.append("Test loss after the last whole epoch ");
      text.append(Format.loss(epochs.get(epochs.size() - 1).testLoss()) + ".");
    }
    return text.toString().strip();
  }

  private static void table(Html html, List<LossPoint> curve) {
    if (curve.isEmpty()) {
      return;
    }
    html.add("<div class=\"scroll\"><table class=\"numbers\">\n<thead><tr>")
        .add("<th scope=\"col\">Epoch</th><th scope=\"col\">Training loss, smoothed</th>")
        .add("</tr></thead>\n<tbody>\n");
    for (LossPoint point : LossCurve.smooth(curve, TABLE_ROWS)) {
      html.add("<tr>")
          .element("th scope=\"row\"", String.format(Locale.ROOT, "%.2f", point.epoch()))
          .element("td", Format.loss(point.loss()))
          .add("</tr>\n");
    }
    html.add("</tbody>\n</table></div>\n");
  }

  private static void epochs(Html html, List<Epoch> epochs) {
    if (epochs.isEmpty()) {
      return;
    }
    boolean folded = epochs.size() > MANY;
    if (folded) {
      html.add("<details>\n").element("summary", Format.plural(epochs.size(), "epoch")).add("\n");
    }
    html.add("<div class=\"scroll\"><table class=\"numbers\">\n<thead><tr>");
    for (String head :
        List.of(
            "Epoch",
            "Training loss",
            "Test loss",
            "Test accuracy",
            "Learning rate",
            "Time",
            "Images/s")) {
      html.element("th scope=\"col\"", head);
    }
    html.add("</tr></thead>\n<tbody>\n");
    for (Epoch epoch : epochs) {
      html.add("<tr>")
          .element("th scope=\"row\"", Integer.toString(epoch.epoch()))
          .element("td", Format.loss(epoch.trainLoss()))
          .element("td", Format.loss(epoch.testLoss()))
          .element("td", Format.percent(epoch.testAccuracy()))
          .element("td", Format.significant(epoch.learningRate()))
          .element("td", Format.duration(epoch.seconds()))
          .element("td", Format.count(Math.round(epoch.imagesPerSecond())))
          .add("</tr>\n");
    }
    html.add("</tbody>\n</table></div>\n" + (folded ? "</details>\n" : ""));
  }
}
