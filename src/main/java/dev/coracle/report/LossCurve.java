// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.Epoch;
import dev.coracle.report.ReportData.LossPoint;
import java.util.ArrayList;
import java.util.List;

/** Prepares losses for drawing. */
final class LossCurve {

  private LossCurve() {}

  /** Omits losses that cannot be drawn: those of a run that diverged. */
  static List<LossPoint> finite(List<LossPoint> losses) {
    return losses.stream()
        .filter(p -> Double.isFinite(p.epoch()) && Double.isFinite(p.loss()))
        .toList();
  }

  static List<LossPoint> testLosses(List<Epoch> epochs) {
    return finite(epochs.stream().map(e -> new LossPoint(e.epoch(), e.testLoss())).toList());
  }

  /**
   * Averages losses with their neighbours, a sixtieth of the run on either side, at {@code most}
   * points that lie evenly from the first to the last. At the start the window shrinks evenly, as
   * the first steep fall would else be drawn too low.
   *
   * <p>Each window is summed by itself: of running sums, one huge loss would leave nothing of all
   * that follow.
   *
   * @param most at least 2
   */
  static List<LossPoint> smooth(List<LossPoint> losses, int most) {
    int n = losses.size();
    int count = Math.min(n, most);
    List<LossPoint> smooth = new ArrayList<>(count);
    for (int k = 0; k < count; k++) {
      int i = count == n ? k : (int) ((long) k * (n - 1) / (count - 1));
      int half = Math.min(i, Math.max(1, n / 60));
      List<LossPoint> window = losses.subList(i - half, Math.min(n, i + half + 1));
      double sum = 0;
      for (LossPoint point : window) {
        sum += point.loss();
      }
      smooth.add(new LossPoint(losses.get(i).epoch(), sum / window.size()));
    }
    return smooth;
  }

  /**
   * Keeps the lowest and the highest loss of each of {@code buckets} groups of consecutive points,
   * in their order, and the first and the last point: as much detail as is visible, however long
   * the training was.
   */
  static List<LossPoint> thin(List<LossPoint> losses, int buckets) {
    int n = losses.size();
    if (n <= 2 * buckets) {
      return losses;
    }
    List<LossPoint> kept = new ArrayList<>(2 * buckets + 2);
    kept.add(losses.get(0));
    for (int b = 0; b < buckets; b++) {
      int low = 1 + (int) ((long) b * (n - 2) / buckets);
      int end = 1 + (int) ((long) (b + 1) * (n - 2) / buckets);
      int high = low;
      for (int i = low; i < end; i++) {
        low = losses.get(i).loss() < losses.get(low).loss() ? i : low;
        high = losses.get(i).loss() > losses.get(high).loss() ? i : high;
      }
      kept.add(losses.get(Math.min(low, high)));
      if (low != high) {
        kept.add(losses.get(Math.max(low, high)));
      }
    }
    kept.add(losses.get(n - 1));
    return kept;
  }
}
