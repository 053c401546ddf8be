// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParameterList;
import ai.djl.nn.SymbolBlock;
import ai.djl.util.Pair;
import dev.coracle.onnx.TracedArray.Memory;
import dev.coracle.onnx.TracedValue.Kind;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Runs a block once on real arrays and records what it does to them.
 *
 * <p>How it works: the block gets stand-ins ({@link TracedArray}, {@link TracedManager}) for its
 * inputs, its parameters and the manager behind them. Each call on a stand-in unwraps its
 * arguments, calls the engine, wraps the result and is recorded. Nothing has to be known about the
 * block: lambdas, custom blocks and plain array code are all calls on arrays in the end. The build
 * generates the base classes of the stand-ins, for all methods of DJL's interfaces; a version of
 * DJL with more methods is refused.
 *
 * <p>A call that cannot be recorded faithfully is refused, never passed on: reading the content of
 * an array that depends on an input (control flow could depend on it, or the content could come
 * back as a constant), using a view of an array after the array was written in place, random
 * numbers.
 *
 * <p>Used by one thread for one trace.
 */
final class Tracer {

  /** Types that DJL's PyTorch engine (0.35.1) supports; found by trying each. */
  private static final Set<DataType> TYPES =
      EnumSet.of(
          DataType.FLOAT64,
          DataType.FLOAT32,
          DataType.FLOAT16,
          DataType.INT64,
          DataType.INT32,
          DataType.INT8,
          DataType.UINT8,
          DataType.BOOLEAN,
          DataType.COMPLEX64);

  private final NDManager memory;
  private final List<TracedCall> calls = new ArrayList<>();
  private final TracedManager manager;
  private final TracedParameters parameters;
  private final Predicate<String> translated;
  private final Thread thread = Thread.currentThread();
  private int nextId;
  private volatile @Nullable ExportException refused; // possibly by another thread

  private Tracer(NDManager memory, Block block, Predicate<String> translated) {
    this.memory = memory;
    this.translated = translated;
    this.manager = new TracedManager(this, memory);
    this.parameters = new TracedParameters(this, manager, block);
  }

  /**
   * Records {@code block} at one size of each dynamic axis.
   *
   * @param before applied to the inputs, and recorded too
   * @param after applied to the outputs, and recorded too
   * @param translated tells which calls have a translation, by name
   * @return the trace, which the caller closes
   * @throws ExportException when the block does something that cannot be recorded
   */
  static Trace trace(
      Block block,
      UnaryOperator<NDList> before,
      UnaryOperator<NDList> after,
      List<InputSpec> inputs,
      Map<String, Long> sizes,
      Predicate<String> translated) {
    ParameterList parameters = block.getParameters();
    NDManager memory =
        parameters.isEmpty()
            ? NDManager.newBaseManager()
            : parameters.get(0).getValue().getArray().getManager().newSubManager();
    List<TracedValue> values = new ArrayList<>();
    String given = ""; // described before the engine gets them: where it fails, it may release them
    try {
      Tracer tracer = new Tracer(memory, block, translated);
      NDList arguments = new NDList();
      for (InputSpec input : inputs) {
        NDArray sample = tracer.placeholder(input.at(sizes), input.type());
        TracedArray array = tracer.wrap(Kind.INPUT, input.name(), true, sample, new Memory());
        arguments.add(array);
        values.add(array.value());
      }
      given = values.toString();
      NDList prepared = tracer.requireArrays("the function of prepend", before.apply(arguments));
      NDList made =
          tracer.requireArrays("the block", block.forward(tracer.parameters, prepared, false));
      NDList outputs = tracer.requireArrays("the function of append", after.apply(made));
      return new Trace(values, tracer.calls, tracer.outputs(outputs), memory);
    } catch (ExportException | Error e) {
      memory.close();
      throw e;
    } catch (RuntimeException e) {
      String message =
          "the block failed on %s, at sizes %s of the dynamic axes: %s".formatted(given, sizes, e)
              + (e instanceof ClassCastException
                  ? "; its arrays and managers are stand-ins while it is recorded: cast none to a class of an engine"
                  : "");
      memory.close();
      throw new ExportException(message, e);
    }
  }

  /**
   * Refuses blocks that run in an engine's own code, which cannot be traced.
   *
   * @param path of the block, for the message
   */
  static void requireArrayCode(Block block, String path) {
    if (block instanceof SymbolBlock) {
      throw new ExportException(
          "%s is a %s, which the engine runs itself, such as a TorchScript module, so it cannot be traced; export that from the framework it was made in"
              .formatted(path, block.getClass().getName()));
    }
    for (Pair<String, Block> child : block.getChildren()) {
      requireArrayCode(child.getValue(), path + " / " + child.getKey());
    }
  }

  /**
   * Returns the result of the user's code, which must be arrays.
   *
   * @param source names that code, for the message
   */
  private NDList requireArrays(String source, @Nullable NDList arrays) {
    if (refused != null) {
      throw refused; // the block caught it, and may then have taken another path than otherwise
    }
    if (arrays == null) {
      throw new ExportException(source + " returned null; expected a list of arrays");
    }
    int empty = arrays.indexOf(null);
    if (empty >= 0) {
      throw new ExportException(
          "%s returned a list with null at position %d; expected arrays alone"
              .formatted(source, empty));
    }
    return arrays;
  }

  private List<TracedValue> outputs(NDList outputs) {
    if (outputs.isEmpty()) {
      throw new ExportException("the block returned no array; expected at least one output");
    }
    List<TracedValue> values = new ArrayList<>();
    for (NDArray output : outputs) {
      int index = values.size();
      if (!(output instanceof TracedArray traced)
          || !valueOf(traced, () -> "as output %d of the block".formatted(index))
              .dependsOnInput()) {
        throw new ExportException(
            "output %d does not depend on the input by calls that were recorded; make it from the block's inputs with NDArray methods alone"
                .formatted(index));
      }
      values.add(traced.value());
    }
    return values;
  }

  /**
   * Returns an array that takes the memory of one number, whatever its shape: the graph does not
   * depend on its content, since reading it is refused. Integers are 0, a valid index anywhere.
   */
  private NDArray placeholder(Shape shape, DataType type) {
    if (shape.size() == 0) {
      return memory.zeros(shape, type);
    }
    long[] ones = new long[shape.dimension()];
    Arrays.fill(ones, 1);
    NDArray one =
        type.isFloating()
            ? memory.ones(new Shape(ones), type)
            : memory.zeros(new Shape(ones), type);
    return ones.length == 0 ? one : one.broadcast(shape);
  }

  NDManager manager() {
    return manager;
  }

  boolean isManager(@Nullable Object argument) {
    return argument == manager;
  }

  NDManager realManager() {
    return memory;
  }

  boolean isTranslated(String method) {
    return translated.test(method);
  }

  /**
   * Records a call and returns the stand-ins of its results, one for each real array.
   *
   * @param source the memory that results share, unless the method returns new arrays
   */
  List<NDArray> record(
      String method,
      TracedArray receiver,
      List<@Nullable Object> arguments,
      NDList results,
      Memory source) {
    List<NDArray> wrapped = new ArrayList<>();
    List<TracedValue> values = new ArrayList<>();
    boolean dependsOnInput = StandIns.dependsOnInput(receiver.value(), arguments);
    boolean owns = Memory.isNewFrom(method);
    for (NDArray result : results) {
      if (!TYPES.contains(result.getDataType())) {
        results.close();
        throw refuse(
            method,
            "its result has a type that DJL does not know, as that of int8 and uint8 together, which is int16; convert an operand with toType first");
      }
      NDArray kept = result;
      if (dependsOnInput) { // only its form matters, and content could fill the memory
        kept = placeholder(result.getShape(), result.getDataType());
        result.close();
      }
      Memory shared = owns ? new Memory() : source;
      TracedArray array = wrap(Kind.RESULT, "", dependsOnInput, kept, shared);
      wrapped.add(array);
      values.add(array.value());
    }
    List<@Nullable Object> kept = new ArrayList<>();
    arguments.forEach(argument -> kept.add(copy(argument)));
    calls.add(new TracedCall(method, receiver.value(), kept, values, location()));
    return wrapped;
  }

  /**
   * Copies arguments that the block may change later, or the engine may have changed, such as the
   * steps of anchors.
   */
  private static @Nullable Object copy(@Nullable Object argument) {
    if (argument instanceof int[] numbers) {
      return numbers.clone();
    }
    if (argument instanceof long[] numbers) {
      return numbers.clone();
    }
    if (argument instanceof float[] numbers) {
      return numbers.clone();
    }
    return argument instanceof List<?> list ? new ArrayList<>(list) : argument;
  }

  TracedArray constant(NDArray array) {
    requireType(array);
    return wrap(Kind.CONSTANT, "", false, array, new Memory());
  }

  /** Returns a stand-in for memory that must be written before it is used. */
  NDArray unwritten(NDArray array) {
    array.attach(memory);
    TracedValue value = new TracedValue(nextId++, Kind.CONSTANT, "", false, array);
    return new TracedArray(this, value, new Memory()).unwritten();
  }

  /**
   * Returns the stand-in of any array. One that was made outside the tracer, by a manager of the
   * user, is a parameter or else a constant: it cannot depend on an input, since reading such
   * content is refused. A constant is copied: its owner may close it at any time.
   */
  TracedArray standIn(NDArray array) {
    if (array instanceof TracedArray traced) {
      return traced;
    }
    TracedArray parameter = parameters.standIn(array);
    if (parameter != null) {
      return parameter;
    }
    requireType(array); // duplicating an array of text would end the process
    return constant(array.duplicate());
  }

  /** Returns the trace's value for a stand-in. */
  TracedValue valueOf(TracedArray traced) {
    return valueOf(traced, () -> "at " + location());
  }

  private TracedValue valueOf(TracedArray traced, Supplier<String> use) {
    requireThread();
    if (traced.tracer() != this) {
      throw refuse(
          "%s was kept from an earlier forward pass (used %s); a block must not keep arrays in fields"
              .formatted(traced.value(), use.get()));
    }
    String fault = traced.fault();
    if (fault != null) {
      throw refuse("%s (used %s)".formatted(fault, use.get()));
    }
    return traced.value();
  }

  private void requireThread() {
    if (thread != Thread.currentThread()) {
      throw refuse(
          "an array was used in thread '%s' (at %s); a block that is recorded must stay in the thread that runs it, as the order of its calls is the program"
              .formatted(Thread.currentThread().getName(), location()));
    }
  }

  /** Refuses a call that names a type at which the engine would end the process. */
  void requireTypes(Method method, @Nullable Object... given) {
    for (Object argument : given) {
      if (argument instanceof DataType type && !TYPES.contains(type)) {
        throw refuse(method, "DJL's PyTorch engine has no " + type + "; use another type");
      }
    }
  }

  private void requireType(NDArray array) {
    if (!TYPES.contains(array.getDataType())) {
      throw refuse(
          "an array of type %s (used at %s) cannot be exported; use numbers or truth values"
              .formatted(array.getDataType(), location()));
    }
  }

  /** Refuses a call. The trace fails even if the block catches the exception. */
  ExportException refuse(Method method, String why) {
    return refuse(StandIns.nameOf(method), why);
  }

  ExportException refuse(String method, String why) {
    return refuse("%s (called at %s) cannot be exported: %s".formatted(method, location(), why));
  }

  /** Says where the block is: the user's line, and the parameter that it used last. */
  private String location() {
    String last = parameters.last();
    return CallSite.find() + (last.isEmpty() ? "" : ", after parameter " + last);
  }

  ExportException refuse(String message) {
    ExportException e = new ExportException(message);
    refused = refused == null ? e : refused;
    return e;
  }

  TracedArray parameter(String name, NDArray array) {
    return wrap(Kind.PARAMETER, name, false, array, new Memory());
  }

  private TracedArray wrap(
      Kind kind, String name, boolean dependsOnInput, NDArray array, Memory shared) {
    requireThread();
    NDScope.unregister(array); // a scope of the user would close it before the trace ends
    array.attach(memory);
    TracedValue value = new TracedValue(nextId++, kind, name, dependsOnInput, array);
    return new TracedArray(this, value, shared);
  }
}
