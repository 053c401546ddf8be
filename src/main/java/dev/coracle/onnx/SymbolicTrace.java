// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One program that three traces at different batch sizes agree on.
 *
 * <p>How it works: Java hands the batch size to a block as a plain {@code long}, and what the block
 * makes of it (a target of reshape, say) looks like any other number. So the three traces are laid
 * side by side. What is equal in all is a literal. An integer that differs is fitted as {@code a·N
 * + b} on two traces and proved on the third. Everything else that differs, or another sequence of
 * calls, is an error with its place.
 */
record SymbolicTrace(List<Value> inputs, List<Call> calls, List<Value> outputs) {

  /** An array whose dimensions may depend on the batch size. */
  record Value(TracedValue traced, List<DimExpr> shape) {
    DataType type() {
      return traced.array().getDataType();
    }
  }

  /**
   * A call.
   *
   * @param arguments {@link Value}, List of Value, {@link DimExpr} for an int or long, List of
   *     DimExpr for a Shape, int[] or long[]; anything else as it was passed
   */
  record Call(
      String method,
      Value receiver,
      List<@Nullable Object> arguments,
      List<Value> results,
      String location) {}

  /**
   * Unifies three traces.
   *
   * @throws ExportException when they differ in a way that the batch size does not explain
   */
  static SymbolicTrace unify(List<Trace> traces) {
    return new Unifier(traces).unify();
  }

  private static final class Unifier {
    private final List<Trace> traces;
    private final long[] batches;
    private final Map<Integer, Value> values = new HashMap<>();

    Unifier(List<Trace> traces) {
      this.traces = traces;
      this.batches = traces.stream().mapToLong(Trace::batch).toArray();
    }

    SymbolicTrace unify() {
      List<Value> inputs = new ArrayList<>();
      for (int i = 0; i < traces.get(0).inputs().size(); i++) {
        int index = i;
        inputs.add(value(traces.stream().map(t -> t.inputs().get(index)).toList(), "inputs"));
      }
      int count = traces.get(0).calls().size();
      List<Call> calls = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        calls.add(call(i));
      }
      for (Trace trace : traces) {
        if (trace.calls().size() != count) {
          TracedCall extra = longest().calls().get(shortest().calls().size());
          throw differs(
              "control flow depends on the batch size: " + extra.method(), extra.location());
        }
      }
      List<Value> outputs = new ArrayList<>();
      for (int i = 0; i < traces.get(0).outputs().size(); i++) {
        int index = i;
        outputs.add(value(traces.stream().map(t -> t.outputs().get(index)).toList(), "outputs"));
      }
      return new SymbolicTrace(inputs, calls, outputs);
    }

    private Trace longest() {
      return traces.stream().max((a, b) -> a.calls().size() - b.calls().size()).orElseThrow();
    }

    private Trace shortest() {
      return traces.stream().min((a, b) -> a.calls().size() - b.calls().size()).orElseThrow();
    }

    private Call call(int index) {
      List<TracedCall> same = new ArrayList<>();
      for (Trace trace : traces) {
        if (index >= trace.calls().size()) {
          TracedCall extra = longest().calls().get(index);
          throw differs(
              "control flow depends on the batch size: " + extra.method(), extra.location());
        }
        same.add(trace.calls().get(index));
      }
      TracedCall first = same.get(0);
      for (TracedCall call : same) {
        if (!call.method().equals(first.method())
            || call.arguments().size() != first.arguments().size()
            || call.results().size() != first.results().size()) {
          throw differs(
              "control flow depends on the batch size: %s at one, %s at another"
                  .formatted(first.method(), call.method()),
              first.location());
        }
      }
      String where = "%s (called at %s)".formatted(first.method(), first.location());
      List<@Nullable Object> arguments = new ArrayList<>();
      for (int i = 0; i < first.arguments().size(); i++) {
        List<@Nullable Object> given = new ArrayList<>();
        for (TracedCall call : same) {
          given.add(call.arguments().get(i));
        }
        arguments.add(argument(given, where));
      }
      List<Value> results = new ArrayList<>();
      for (int i = 0; i < first.results().size(); i++) {
        int result = i;
        results.add(value(same.stream().map(c -> c.results().get(result)).toList(), where));
      }
      Value receiver = value(same.stream().map(TracedCall::receiver).toList(), where);
      return new Call(first.method(), receiver, arguments, results, first.location());
    }

    private Value value(List<TracedValue> same, String where) {
      TracedValue first = same.get(0);
      if (same.stream().anyMatch(v -> v.id() != first.id() || v.kind() != first.kind())) {
        throw differs("the batch size decides which arrays meet in " + where, "");
      }
      Value known = values.get(first.id());
      if (known != null) {
        return known;
      }
      if (first.kind() == TracedValue.Kind.CONSTANT) {
        requireEqual(same, where);
      }
      List<DimExpr> shape = dims(same.stream().map(v -> v.array().getShape()).toList(), where);
      Value value = new Value(first, shape);
      values.put(first.id(), value);
      return value;
    }

    /** A constant that varies with the batch would need an operator that makes it from N. */
    private static void requireEqual(List<TracedValue> same, String where) {
      TracedValue first = same.get(0);
      for (TracedValue value : same) {
        if (!value.array().getShape().equals(first.array().getShape())
            || !value.array().toByteBuffer().equals(first.array().toByteBuffer())) {
          throw differs(
              "a constant in " + where + " changes with the batch size, or from run to run", "");
        }
      }
    }

    private @Nullable Object argument(List<@Nullable Object> given, String where) {
      Object first = given.get(0);
      if (first instanceof TracedValue) {
        return value(given.stream().map(TracedValue.class::cast).toList(), where);
      }
      if (first instanceof List<?> list && list.stream().allMatch(v -> v instanceof TracedValue)) {
        return values(given, list.size(), where);
      }
      if (first instanceof Integer || first instanceof Long) {
        return dim(given.stream().mapToLong(v -> ((Number) v).longValue()).toArray(), where);
      }
      if (first instanceof Shape || first instanceof long[] || first instanceof int[]) {
        return dims(given.stream().map(Unifier::shape).toList(), where);
      }
      if (given.stream().anyMatch(other -> !Objects.deepEquals(other, first))) {
        throw differs(
            "an argument of %s changes with the batch size, or from run to run: %s"
                .formatted(where, given),
            "");
      }
      return first;
    }

    private List<Value> values(List<@Nullable Object> given, int size, String where) {
      List<Value> unified = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        List<TracedValue> same = new ArrayList<>();
        for (Object list : given) {
          if (!(list instanceof List<?> values)
              || values.size() != size
              || !(values.get(i) instanceof TracedValue value)) {
            throw differs("the batch size decides how many arrays meet in " + where, "");
          }
          same.add(value);
        }
        unified.add(value(same, where));
      }
      return unified;
    }

    private static Shape shape(@Nullable Object argument) {
      if (argument instanceof Shape shape) {
        return shape;
      }
      if (argument instanceof int[] ints) {
        return new Shape(Arrays.stream(ints).asLongStream().toArray());
      }
      return new Shape((long[]) Objects.requireNonNull(argument));
    }

    private List<DimExpr> dims(List<Shape> same, String where) {
      int rank = same.get(0).dimension();
      if (same.stream().anyMatch(s -> s.dimension() != rank)) {
        throw differs("the rank of an array changes with the batch size in " + where, "");
      }
      List<DimExpr> dims = new ArrayList<>();
      for (int axis = 0; axis < rank; axis++) {
        int index = axis;
        dims.add(dim(same.stream().mapToLong(s -> s.get(index)).toArray(), where));
      }
      return dims;
    }

    private DimExpr dim(long[] seen, String where) {
      try {
        return DimExpr.fit(batches, seen);
      } catch (ArithmeticException e) {
        throw differs(
            "an integer in %s is no linear function of the batch size: %s"
                .formatted(where, e.getMessage()),
            "");
      }
    }

    private static ExportException differs(String what, String location) {
      return new ExportException(
          what
              + (location.isEmpty() ? "" : " (called at " + location + ")")
              + "; write the block so that the batch size appears only in shapes");
    }
  }
}
