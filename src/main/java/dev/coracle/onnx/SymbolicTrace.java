// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.Shape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The one program common to traces at different sizes of the dynamic axes.
 *
 * <p>How it works: Java hands a size to a block as a plain {@code long}, and what the block
 * computes from it (a target of reshape, say) looks like any other number. So the traces are
 * compared. A value equal in all of them is a literal. An integer that differs is fitted as a sum
 * of products of sizes on all traces but the last, and verified on that one. A constant array that
 * differs is explained by {@link Constant}; the results of calls on it are left to the calls. Any
 * other difference, such as another sequence of calls, is an error that names its place.
 */
record SymbolicTrace(List<Value> inputs, List<Call> calls, List<Value> outputs) {

  /**
   * Unifies traces.
   *
   * @param traces one for each of {@link DynamicAxes#points}
   * @param isTranslated tells of a recorded name whether its calls can be in the graph
   * @throws ExportException when they differ in a way that the sizes do not explain
   */
  static SymbolicTrace unify(DynamicAxes axes, List<Trace> traces, Predicate<String> isTranslated) {
    return new Unifier(axes, traces, isTranslated).unify();
  }

  /** Returns the calls that an output depends on, without those whose results are constants. */
  List<Call> neededCalls() {
    Set<Integer> needed = new HashSet<>();
    outputs.forEach(output -> needed.add(output.id()));
    ArrayDeque<Call> calls = new ArrayDeque<>();
    for (int i = this.calls.size() - 1; i >= 0; i--) {
      Call call = this.calls.get(i);
      if (call.results().stream()
          .anyMatch(result -> result.constant() == null && needed.contains(result.id()))) {
        calls.addFirst(call);
        call.operands().forEach(operand -> needed.add(operand.id()));
      }
    }
    return List.copyOf(calls);
  }

  /** Returns how many numbers the calls compute at given sizes. */
  long elements(Map<String, Long> sizes) {
    long sum = 0;
    for (Call call : calls) {
      for (Value result : call.results()) {
        sum += result.shape().stream().mapToLong(dim -> dim.at(sizes)).reduce(1, (a, b) -> a * b);
      }
    }
    return sum;
  }

  /** Which of a call's results are taken from the traces as constants. */
  private enum Trust {
    ALL,
    UNIFORM,
    NONE
  }

  private static final class Unifier {
    private final DynamicAxes axes;
    private final List<Trace> traces;
    private final Predicate<String> isTranslated;
    private final Map<Integer, Value> values = new HashMap<>();

    Unifier(DynamicAxes axes, List<Trace> traces, Predicate<String> isTranslated) {
      this.axes = axes;
      this.traces = traces;
      this.isTranslated = isTranslated;
    }

    SymbolicTrace unify() {
      List<Value> inputs =
          values(traces.stream().map(Trace::inputs).toList(), "the inputs", Trust.ALL);
      List<Call> calls = calls();
      List<Value> outputs =
          values(traces.stream().map(Trace::outputs).toList(), "the outputs", Trust.ALL);
      return new SymbolicTrace(inputs, calls, outputs);
    }

    private List<Call> calls() {
      int common = traces.stream().mapToInt(t -> t.calls().size()).min().orElseThrow();
      List<Call> calls = new ArrayList<>();
      for (int i = 0; i < common; i++) {
        int index = i;
        calls.add(call(traces.stream().map(t -> t.calls().get(index)).toList()));
      }
      for (Trace trace : traces) {
        if (trace.calls().size() > common) {
          throw differs(
              "control flow depends on the sizes of %s: %s is not called at every size"
                  .formatted(axes.names(), where(trace.calls().get(common))));
        }
      }
      return calls;
    }

    private Call call(List<TracedCall> same) {
      TracedCall first = same.get(0);
      for (TracedCall call : same) {
        if (!call.method().equals(first.method())
            || call.arguments().size() != first.arguments().size()) {
          throw differs(
              "control flow depends on the sizes of %s: %s at one, %s at another"
                  .formatted(axes.names(), where(first), where(call)));
        }
      }
      String where = where(first);
      List<@Nullable Object> arguments = new ArrayList<>();
      for (int i = 0; i < first.arguments().size(); i++) {
        List<@Nullable Object> given = new ArrayList<>();
        for (TracedCall call : same) {
          given.add(call.arguments().get(i));
        }
        arguments.add(argument(given, where));
      }
      Value receiver = value(same.stream().map(TracedCall::receiver).toList(), where, Trust.ALL);
      List<Value> results =
          values(
              same.stream().map(TracedCall::results).toList(),
              where,
              isTranslated.test(first.method())
                  ? trust(first.method(), receiver, arguments)
                  : Trust.ALL);
      return new Call(first.method(), receiver, arguments, results, first.location());
    }

    /**
     * Tells how far the traces explain the results of a call: fully, where it has the same arrays
     * and numbers at all sizes; where its arrays merely repeat along the sizes, only results that
     * do so too. Results of other arguments may change beyond the traced sizes: the smaller of an
     * index and 100, say, or of 100 and a size.
     */
    private static Trust trust(String method, Value receiver, List<@Nullable Object> arguments) {
      Trust trust = Trust.ALL;
      for (Object given : flat(receiver, arguments)) {
        if (given instanceof Value value) {
          if (value.constant() instanceof Constant.Repeated) {
            if (method.equals(TracingIndexer.GET)) {
              return Trust.NONE; // an index such as :100 may cut what is repeated
            }
            trust = Trust.UNIFORM;
          } else if (!(value.constant() instanceof Constant.Literal)) {
            return Trust.NONE;
          }
        } else if (given instanceof DimExpr number && !number.isConstant()) {
          return Trust.NONE;
        }
      }
      return trust;
    }

    private static List<Object> flat(Value receiver, List<@Nullable Object> arguments) {
      List<Object> flat = new ArrayList<>(List.of(receiver));
      for (Object argument : arguments) {
        if (argument instanceof List<?> list) {
          flat.addAll(list);
        } else if (argument != null) {
          flat.add(argument);
        }
      }
      return flat;
    }

    private static String where(TracedCall call) {
      return "%s (called at %s)".formatted(call.method(), call.location());
    }

    /**
     * @param trust in an explanation of the result by the sizes
     */
    private Value value(List<TracedValue> same, String where, Trust trust) {
      TracedValue first = same.get(0);
      for (TracedValue value : same) {
        if (value.id() != first.id()
            || value.kind() != first.kind()
            || !value.name().equals(first.name())) {
          throw differs("a size decides which arrays meet in " + where);
        }
        if (value.array().getDataType() != first.array().getDataType()) {
          throw differs("a size decides the type of an array in " + where);
        }
      }
      Value known = values.get(first.id());
      if (known != null) {
        return known;
      }
      List<DimExpr> shape =
          dims(same.stream().map(v -> v.array().getShape().getShape()).toList(), where);
      Value value = new Value(first, shape, constant(same, shape, where, trust));
      values.put(first.id(), value);
      return value;
    }

    private List<Value> values(List<? extends List<?>> lists, String where, Trust trust) {
      int size = lists.get(0).size();
      if (lists.stream().anyMatch(list -> list.size() != size)) {
        throw differs("a size decides how many arrays there are in " + where);
      }
      List<Value> unified = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        int index = i;
        unified.add(
            value(lists.stream().map(l -> (TracedValue) l.get(index)).toList(), where, trust));
      }
      return unified;
    }

    private @Nullable Constant constant(
        List<TracedValue> same, List<DimExpr> shape, String where, Trust trust) {
      TracedValue first = same.get(0);
      if (first.kind() == TracedValue.Kind.PARAMETER) {
        return new Constant.Literal();
      }
      if (same.stream().anyMatch(TracedValue::dependsOnInput)
          || (first.kind() == TracedValue.Kind.RESULT && trust == Trust.NONE)) {
        return null;
      }
      Constant constant =
          Constant.explain(same.stream().map(TracedValue::array).toList(), shape, axes);
      if (constant == null && first.kind() == TracedValue.Kind.CONSTANT) {
        throw differs(
            "a constant in "
                + where
                + " changes with a size, or from run to run, in a way that the exporter does not know;"
                + " a table that is cut by a size can be a Parameter of the block");
      }
      boolean position = constant instanceof Constant.Ramp || constant instanceof Constant.Size;
      // The result of a call may also be left to the call.
      return position && trust == Trust.UNIFORM ? null : constant;
    }

    private @Nullable Object argument(List<@Nullable Object> given, String where) {
      if (all(TracedValue.class, given)) {
        return value(given.stream().map(TracedValue.class::cast).toList(), where, Trust.ALL);
      }
      if (all(List.class, given)) {
        List<List<?>> lists = given.stream().<List<?>>map(List.class::cast).toList();
        if (lists.stream().allMatch(list -> all(TracedValue.class, list))) {
          return values(lists, where, Trust.ALL);
        }
      }
      if (all(Integer.class, given) || all(Long.class, given)) {
        return dim(given.stream().mapToLong(v -> ((Number) v).longValue()).toArray(), where);
      }
      if (all(Shape.class, given) || all(long[].class, given) || all(int[].class, given)) {
        return dims(given.stream().map(Unifier::numbers).toList(), where);
      }
      Object first = given.get(0);
      if (given.stream().allMatch(other -> Objects.deepEquals(other, first))) {
        return first;
      }
      DimExpr number =
          all(Number.class, given)
              ? Constant.wholeNumber(
                  given.stream().mapToDouble(v -> ((Number) v).doubleValue()).toArray(), axes)
              : null;
      if (number == null) {
        throw differs(
            "an argument of %s changes with a size, or from run to run: %s"
                .formatted(where, given));
      }
      return number;
    }

    private static boolean all(Class<?> type, List<?> objects) {
      return objects.stream().allMatch(type::isInstance);
    }

    /** Returns an argument's numbers; not as a Shape, which has no axes counted from the end. */
    private static long[] numbers(@Nullable Object argument) {
      if (argument instanceof Shape shape) {
        return shape.getShape();
      }
      if (argument instanceof int[] ints) {
        return Arrays.stream(ints).asLongStream().toArray();
      }
      return (long[]) Objects.requireNonNull(argument);
    }

    private List<DimExpr> dims(List<long[]> same, String where) {
      int rank = same.get(0).length;
      if (same.stream().anyMatch(s -> s.length != rank)) {
        throw differs("the rank of an array changes with a size in " + where);
      }
      List<DimExpr> dims = new ArrayList<>();
      for (int axis = 0; axis < rank; axis++) {
        int index = axis;
        dims.add(dim(same.stream().mapToLong(s -> s[index]).toArray(), where));
      }
      return dims;
    }

    private DimExpr dim(long[] seen, String where) {
      try {
        return DimExpr.fit(axes, seen);
      } catch (ArithmeticException e) {
        throw differs(
            "an integer in %s is not a sum of products of different sizes: %s; a size times itself is not followed"
                .formatted(where, e.getMessage()));
      }
    }

    private static ExportException differs(String what) {
      return new ExportException(
          what + "; write the block so that sizes of dynamic axes appear only in shapes");
    }
  }
}
