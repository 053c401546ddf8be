// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An integer that may depend on the sizes of dynamic axes: a sum of products such as {@code
 * 2·batch_size·sequence + 3}.
 *
 * @param terms factor of each product; its key names the axes, joined by {@value #TIMES}, and is
 *     empty for the constant term; no factor is 0
 */
public record DimExpr(SortedMap<String, Long> terms) {

  static final String TIMES = "*";

  public DimExpr {
    SortedMap<String, Long> kept = new TreeMap<>(terms);
    kept.values().removeIf(factor -> factor == 0);
    terms = Collections.unmodifiableSortedMap(kept);
  }

  /** Returns a number that is the same at all sizes. */
  public static DimExpr of(long value) {
    return new DimExpr(new TreeMap<>(Map.of("", value)));
  }

  /** Returns the size of an axis. */
  public static DimExpr axis(String name) {
    return new DimExpr(new TreeMap<>(Map.of(name, 1L)));
  }

  /**
   * Fits the sum of products to the values at the corners of {@link DynamicAxes#points} and
   * verifies it at the last point.
   *
   * @param values the integer seen at each point
   * @throws ArithmeticException when no such sum fits all values
   */
  static DimExpr fit(DynamicAxes axes, long[] values) {
    List<String> names = axes.names();
    int corners = 1 << names.size();
    long[] factors = new long[corners];
    System.arraycopy(values, 0, factors, 0, corners);
    boolean whole = true;
    // Newton's divided differences, one axis after the other …
    for (int axis = 0; axis < names.size(); axis++) {
      long[] sizes = axes.sizesOf(names.get(axis));
      long run = sizes[1] - sizes[0];
      for (int corner = 0; corner < corners; corner++) {
        if ((corner >> axis & 1) == 1) {
          long rise = factors[corner] - factors[corner ^ 1 << axis];
          whole &= rise % run == 0;
          factors[corner] = rise / run;
        }
      }
    }
    // … in powers of (size - first size); now in powers of the size.
    for (int axis = 0; axis < names.size(); axis++) {
      long first = axes.sizesOf(names.get(axis))[0];
      for (int corner = 0; corner < corners; corner++) {
        if ((corner >> axis & 1) == 1) {
          factors[corner ^ 1 << axis] -= first * factors[corner];
        }
      }
    }
    SortedMap<String, Long> terms = new TreeMap<>();
    for (int corner = 0; corner < corners; corner++) {
      terms.put(product(names, corner), factors[corner]);
    }
    DimExpr fitted = new DimExpr(terms);
    List<Map<String, Long>> points = axes.points();
    if (!whole || fitted.at(points.get(corners)) != values[corners]) {
      throw new ArithmeticException("%s at %s".formatted(Arrays.toString(values), points));
    }
    return fitted;
  }

  private static String product(List<String> names, int corner) {
    Set<String> factors = new TreeSet<>(); // each axis occurs once
    for (int axis = 0; axis < names.size(); axis++) {
      if ((corner >> axis & 1) == 1) {
        factors.add(names.get(axis));
      }
    }
    return String.join(TIMES, factors);
  }

  /** Tells whether it is the same at all sizes. */
  public boolean isConstant() {
    return terms.keySet().stream().allMatch(String::isEmpty);
  }

  /**
   * Returns the number.
   *
   * @throws IllegalStateException when it depends on an axis
   */
  public long value() {
    if (!isConstant()) {
      throw new IllegalStateException(this + " is no constant");
    }
    return terms.getOrDefault("", 0L);
  }

  /** Returns the number at given sizes. */
  public long at(Map<String, Long> sizes) {
    long sum = 0;
    for (var term : terms.entrySet()) {
      long product = term.getValue();
      for (String axis : factors(term.getKey())) {
        product = Math.multiplyExact(product, Objects.requireNonNull(sizes.get(axis), axis));
      }
      sum = Math.addExact(sum, product);
    }
    return sum;
  }

  /** Returns the names of the axes in a key of {@link #terms}. */
  static List<String> factors(String product) {
    return product.isEmpty() ? List.of() : List.of(product.split("\\" + TIMES, -1));
  }

  public DimExpr plus(DimExpr other) {
    SortedMap<String, Long> sum = new TreeMap<>(terms);
    other.terms.forEach((product, factor) -> sum.merge(product, factor, Math::addExact));
    return new DimExpr(sum);
  }

  public DimExpr minus(DimExpr other) {
    return plus(other.times(of(-1)));
  }

  public DimExpr times(DimExpr other) {
    SortedMap<String, Long> products = new TreeMap<>();
    terms.forEach(
        (left, a) ->
            other.terms.forEach(
                (right, b) ->
                    products.merge(times(left, right), Math.multiplyExact(a, b), Math::addExact)));
    return new DimExpr(products);
  }

  private static String times(String left, String right) {
    return Stream.of(factors(left), factors(right))
        .flatMap(List::stream)
        .sorted()
        .collect(Collectors.joining(TIMES));
  }

  /** As in every record, but written out: the first call of the generated one takes 15 ms. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof DimExpr expr && terms.equals(expr.terms);
  }

  @Override
  public int hashCode() {
    return terms.hashCode();
  }

  @Override
  public String toString() {
    if (isConstant()) {
      return Long.toString(value());
    }
    StringBuilder text = new StringBuilder();
    Comparator<Map.Entry<String, Long>> degree =
        Comparator.comparing(e -> -factors(e.getKey()).size());
    for (var term : terms.entrySet().stream().sorted(degree).toList()) {
      long factor = term.getValue();
      text.append(factor < 0 ? "-" : text.length() == 0 ? "" : "+");
      if (term.getKey().isEmpty() || Math.abs(factor) != 1) {
        text.append(Math.abs(factor)).append(term.getKey().isEmpty() ? "" : TIMES);
      }
      text.append(term.getKey());
    }
    return text.toString();
  }
}
