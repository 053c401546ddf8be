// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import dev.coracle.report.ReportData.LossPoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * Chooses the axes of the loss curve: a logarithmic one for losses of a wide range, where a linear
 * one would flatten the later curve, and labels at round numbers. Bottom and top are losses, or
 * their decimal logarithms.
 */
record LossAxis(boolean logarithmic, double bottom, double top, double lastEpoch) {

  private static final double LOGARITHMIC_FROM = 8; // ratio of the highest to the lowest loss
  private static final double SMALLEST = 1e-9; // A loss of 0 has no logarithm.

  static LossAxis of(List<LossPoint> curve, List<LossPoint> tests) {
    double[] all =
        Stream.concat(curve.stream(), tests.stream()).mapToDouble(LossPoint::loss).toArray();
    double low = DoubleStream.of(all).min().orElse(0);
    double high = DoubleStream.of(all).max().orElse(1);
    double lastEpoch =
        Stream.concat(curve.stream(), tests.stream()).mapToDouble(LossPoint::epoch).max().orElse(1);
    lastEpoch = lastEpoch > 0 ? lastEpoch : 1;
    if (low >= 0 && high > SMALLEST && high / Math.max(low, SMALLEST) >= LOGARITHMIC_FROM) {
      double bottom = Math.log10(Math.max(low, SMALLEST));
      double room = 0.04 * (Math.log10(high) - bottom);
      return new LossAxis(true, bottom - room, Math.log10(high) + room, lastEpoch);
    }
    double bottom = Math.min(0, low);
    return new LossAxis(false, bottom, high > bottom ? high * 1.05 : bottom + 1, lastEpoch);
  }

  /** Returns the position of an epoch from left, 0, to right, 1. */
  double x(double epoch) {
    return epoch / (lastEpoch * 1.012); // Leaves room for all of the last marker.
  }

  /** Returns the position of a loss from bottom, 0, to top, 1. */
  double y(double loss) {
    return place(logarithmic ? Math.log10(Math.max(loss, SMALLEST)) : loss);
  }

  private double place(double height) {
    return (height - bottom) / (top - bottom);
  }

  /** Maps losses to labels, about {@code most} of them at most. */
  Map<Double, String> lossLabels(int most) {
    if (!logarithmic) {
      return even(bottom, top, most);
    }
    for (int[] mantissas : new int[][] {{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 5}, {1, 3}}) {
      Map<Double, String> labels = decades(1, mantissas);
      if (labels.size() <= most) {
        return labels;
      }
    }
    int decades = (int) (Math.floor(top) - Math.ceil(bottom)) + 1;
    return decades((decades - 1) / Math.max(1, most) + 1, 1); // rounded up
  }

  /** Labels the mantissas times the power of ten of every {@code step}th decade, counted from 1. */
  private Map<Double, String> decades(int step, int... mantissas) {
    Map<Double, String> labels = new LinkedHashMap<>();
    int first = Math.floorDiv((int) Math.floor(bottom), step) * step;
    for (int decade = first; decade <= top; decade += step) {
      for (int mantissa : mantissas) {
        double loss = Double.parseDouble(mantissa + "e" + decade);
        if (Math.log10(loss) >= bottom && Math.log10(loss) <= top) {
          labels.put(loss, Format.significant(loss));
        }
      }
    }
    return labels;
  }

  /** Maps epochs to labels, about {@code most} of them at most. */
  Map<Double, String> epochLabels(int most) {
    return even(0, lastEpoch, most);
  }

  /** Steps by 1, 2 or 5 times a power of ten. */
  private static Map<Double, String> even(double from, double to, int most) {
    double least = (to - from) / Math.max(1, most);
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    double step =
        DoubleStream.of(1, 2, 5, 10)
            .map(m -> m * power)
            .filter(s -> s >= least)
            .findFirst()
            .orElse(10 * power);
    Map<Double, String> labels = new LinkedHashMap<>();
    for (long i = (long) Math.ceil(from / step); i * step <= to * (1 + 1e-9); i++) {
      labels.put(i * step, Format.significant(i * step));
    }
    return labels;
  }
}
