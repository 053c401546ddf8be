// SPDX-License-Identifier: Apache-2.0
package dev.coracle.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Writes numbers for people, the same in every locale. */
final class Format {

  private static final String SPACE = "\u00a0"; // Keeps a number and its unit on one line.
  private static final String NONE = "–";

  private Format() {}

  /** Groups by thousands: 10,000. */
  static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** Writes two decimals, and never rounds an imperfect share to 100: 98.52 %. */
  static String percent(double share) {
    return Double.isNaN(share) ? NONE : percentNumber(share) + SPACE + "%";
  }

  /** {@link #percent} without the sign. */
  static String percentNumber(double share) {
    if (share == 1) {
      return "100";
    }
    double hundredths = share * 10_000;
    double shown = share < 1 ? Math.min(Math.rint(hundredths), 9_999) : hundredths;
    return String.format(Locale.ROOT, "%.2f", shown / 100);
  }

  /** Writes one decimal, and 100 for a perfect share only: 98.5, 99.9, 100. */
  static String percentShort(double share) {
    if (Double.isNaN(share)) {
      return NONE;
    } else if (share == 1) {
      return "100";
    }
    double tenths = Math.rint(share * 1_000);
    return String.format(Locale.ROOT, "%.1f", (share < 1 ? Math.min(tenths, 999) : tenths) / 10);
  }

  /** Writes enough digits to tell a probability from 0 and 1: 0.030 %, 97 %, 99.3 %, 99.97 %. */
  static String probability(double p) {
    double percent = p * 100;
    if (Double.isNaN(p)) {
      return NONE;
    } else if (percent < 0.001) {
      return "<" + SPACE + "0.001" + SPACE + "%";
    } else if (percent > 99.99) {
      return ">" + SPACE + "99.99" + SPACE + "%";
    }
    String digits = "%.0f";
    if (percent < 0.1) {
      digits = "%.3f";
    } else if (percent < 1 || percent >= 99.9) {
      digits = "%.2f";
    } else if (percent >= 99) {
      digits = "%.1f";
    }
    return String.format(Locale.ROOT, digits, percent) + SPACE + "%";
  }

  /** Gives four decimals, or four digits of what is too long for that: 0.0475, 5.003e18. */
  static String loss(double value) {
    if (!Double.isFinite(value)) {
      return "not finite";
    }
    boolean isLong = Math.abs(value) >= 1e5;
    return isLong ? significant(value) : String.format(Locale.ROOT, "%.4f", value);
  }

  /** Four significant digits for what spans powers of ten, such as a learning rate: 1e-5. */
  static String significant(double value) {
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    if (size >= 0.0001 && size < 10_000) {
      BigDecimal short4 = BigDecimal.valueOf(value).round(new MathContext(4));
      return short4.stripTrailingZeros().toPlainString();
    }
    return String.format(Locale.ROOT, "%.3e", value).replaceAll("\\.?0*e\\+?(-?)0*", "e$1");
  }

  /** Writes seconds as 8.4 s, 3 min 20 s or 2 h 05 min. */
  static String duration(double seconds) {
    if (!(seconds >= 0) || Double.isInfinite(seconds)) {
      return NONE;
    } else if (seconds < 59.95) {
      return String.format(Locale.ROOT, "%.1f", seconds) + SPACE + "s";
    }
    long whole = Math.round(seconds);
    return whole < 3_600
        ? whole / 60 + SPACE + "min" + SPACE + twoDigits(whole % 60) + SPACE + "s"
        : whole / 3_600 + SPACE + "h" + SPACE + twoDigits(whole % 3_600 / 60) + SPACE + "min";
  }

  private static String twoDigits(long value) {
    return String.format(Locale.ROOT, "%02d", value);
  }

  /** Writes bytes in decimal units: 4.8 MB. */
  static String bytes(long value) {
    if (value < 1_000) {
      return value + SPACE + "B";
    } else if (value < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f", value / 1e3) + SPACE + "kB";
    }
    return String.format(Locale.ROOT, "%.1f", value / 1e6) + SPACE + "MB";
  }

  static String plural(long count, String noun) {
    return count(count) + SPACE + (count == 1 ? noun : noun + "s");
  }
}
