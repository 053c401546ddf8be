// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import dev.coracle.onnx.ArrayHandler.Memory;
import dev.coracle.onnx.TracedValue.Kind;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Runs a block once on real arrays and records what it does to them.
 *
 * <p>How it works: the block gets stand-ins ({@link Proxy}) for its inputs, its parameters and the
 * manager behind them. Each call on a stand-in unwraps its arguments, calls the engine, wraps the
 * result and is recorded. Nothing has to be known about the block: lambdas, custom blocks and plain
 * array code are all calls on arrays in the end. DJL's interfaces make a stand-in complete: a
 * method added to them tomorrow is recorded too, and refused when it is translated.
 *
 * <p>A call that the recording could not follow is refused, never passed on: reading the content of
 * an array that depends on an input (control flow could follow from it, or the content could return
 * as a constant), using a view of an array after the array was written in place, random numbers.
 *
 * <p>Used by one thread for one trace.
 */
final class Tracer {

  /** Implemented by the stand-ins of arrays. */
  interface Traced {
    TracedValue tracedValue();

    /** Returns the tracer whose trace the array belongs to. */
    Tracer tracer();

    ArrayHandler.Memory memory();

    /** Says why the array may not be used, or returns null. */
    @Nullable String fault();

    /** Stands for another array from now on, as the memory has been written. */
    void become(Traced other);
  }

  /**
   * Give an array of memory of its own for sure. What is missing here costs a refusal where an
   * array is written in place and another is used afterwards; what is here wrongly, a wrong graph.
   */
  private static final Set<String> GIVES_NEW_MEMORY =
      Set.of(
          "NDArray.add",
          "NDArray.sub",
          "NDArray.mul",
          "NDArray.div",
          "NDArray.mod",
          "NDArray.maximum",
          "NDArray.minimum",
          "NDArray.abs",
          "NDArray.square",
          "NDArray.clip",
          "NDArray.eq",
          "NDArray.gt",
          "NDArray.lt",
          "NDArray.pow",
          "NDArray.neg",
          "NDArray.exp",
          "NDArray.log",
          "NDArray.sqrt",
          "NDArray.tanh",
          "NDArray.matMul",
          "NDArray.batchMatMul",
          "NDArrayEx.concat",
          "NDArrayEx.stack",
          "NDArrayEx.where",
          "NDArray.softmax",
          "NDArray.logSoftmax",
          "NDArray.duplicate",
          "NDArrayEx.linear",
          "NDArrayEx.convolution",
          "NDArrayEx.relu",
          "NDArrayEx.sigmoid",
          "NDArrayEx.tanh",
          "NDArrayEx.softPlus",
          "NDArrayEx.softSign",
          "NDArrayEx.leakyRelu",
          "NDArrayEx.elu",
          "NDArrayEx.selu",
          "NDArrayEx.gelu",
          "NDArrayEx.batchNorm",
          "NDArrayEx.layerNorm",
          "NDArrayEx.embedding",
          "NDArrayEx.maxPool",
          "NDArrayEx.avgPool",
          "NDArrayEx.lpPool",
          "NDArrayEx.globalMaxPool",
          "NDArrayEx.globalAvgPool",
          "NDArrayEx.globalLpPool");

  private final NDManager memory;
  private final List<TracedCall> calls = new ArrayList<>();
  private final Map<String, NDArray> parameters = new HashMap<>();
  private final Map<String, String> parameterNames = new HashMap<>();
  private final IdentityHashMap<NDArray, Parameter> parameterArrays = new IdentityHashMap<>();
  private final Map<Integer, Memory> memories = new HashMap<>();
  private final NDManager managerProxy;
  private final Predicate<String> translated;
  private String lastParameter = "";
  private int nextId;
  private @Nullable ExportException refused;

  private Tracer(NDManager memory, Block block, Predicate<String> translated) {
    this.memory = memory;
    this.translated = translated;
    this.managerProxy = proxy(new ManagerHandler(this, memory), NDManager.class);
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      parameterNames.putIfAbsent(parameter.getValue().getId(), parameter.getKey());
      parameterArrays.put(parameter.getValue().getArray(), parameter.getValue());
    }
  }

  /**
   * Records {@code block} at one size of each dynamic axis.
   *
   * @param before applied to the inputs, and recorded too
   * @param after applied to the outputs, and recorded too
   * @param translated tells which calls have a translation, by name
   * @return the trace; close it
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
    String given = ""; // before the engine gets them: where it fails, it may release them
    try {
      Tracer tracer = new Tracer(memory, block, translated);
      NDList arguments = new NDList();
      for (InputSpec input : inputs) {
        NDArray sample = tracer.placeholder(input.at(sizes), input.type());
        NDArray array = tracer.wrap(Kind.INPUT, input.name(), true, sample, new Memory());
        arguments.add(array);
        values.add(((Traced) array).tracedValue());
      }
      given = values.toString();
      NDList outputs = block.forward(tracer.new Parameters(), before.apply(arguments), false);
      return new Trace(values, tracer.calls, tracer.outputs(after.apply(outputs)), memory);
    } catch (ExportException | Error e) {
      memory.close();
      throw e;
    } catch (RuntimeException e) {
      String message = "the block failed on %s: %s".formatted(given, e);
      memory.close();
      throw new ExportException(message, e);
    }
  }

  private List<TracedValue> outputs(NDList outputs) {
    if (refused != null) {
      throw refused; // the block caught it, and may have taken another way than it would otherwise
    }
    if (outputs.isEmpty()) {
      throw new ExportException("the block returned no array; expected at least one output");
    }
    List<TracedValue> values = new ArrayList<>();
    for (NDArray output : outputs) {
      if (!(output instanceof Traced traced) || !valueOf(traced).dependsOnInput()) {
        throw new ExportException(
            "output %d does not depend on the input by calls that were recorded; make it from the block's inputs with NDArray methods alone"
                .formatted(values.size()));
      }
      values.add(traced.tracedValue());
    }
    return values;
  }

  /**
   * Returns an array that takes the memory of one number, whatever its shape: the graph does not
   * depend on its content, since reading it is refused. Whole numbers are 0, which any index may
   * be.
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
    return managerProxy;
  }

  boolean isManager(@Nullable Object argument) {
    return argument == managerProxy;
  }

  NDManager realManager() {
    return memory;
  }

  boolean isTranslated(String method) {
    return translated.test(method);
  }

  /** Records a call and returns the stand-ins of its results, one for each real array. */
  List<NDArray> record(
      String method, Traced receiver, List<@Nullable Object> arguments, NDList results) {
    List<NDArray> wrapped = new ArrayList<>();
    List<TracedValue> values = new ArrayList<>();
    boolean dependsOnInput = Handlers.dependsOnInput(receiver.tracedValue(), arguments);
    boolean owns = GIVES_NEW_MEMORY.contains(method);
    // The one method that may give back the memory of its argument instead.
    Memory source =
        method.equals("NDArrayEx.dropout")
            ? memoryOf((TracedValue) Objects.requireNonNull(arguments.get(0)))
            : receiver.memory();
    for (NDArray result : results) {
      NDArray kept = result;
      if (dependsOnInput) { // form is all that matters, and content could fill the memory
        kept = placeholder(result.getShape(), result.getDataType());
        result.close();
      }
      Memory shared = owns ? new Memory() : source;
      NDArray array = wrap(Kind.RESULT, "", dependsOnInput, kept, shared);
      wrapped.add(array);
      values.add(((Traced) array).tracedValue());
    }
    calls.add(new TracedCall(method, receiver.tracedValue(), arguments, values, location()));
    return wrapped;
  }

  private Memory memoryOf(TracedValue value) {
    return Objects.requireNonNull(memories.get(value.id()));
  }

  NDArray constant(NDArray array) {
    return wrap(Kind.CONSTANT, "", false, array, new Memory());
  }

  /** Stands for memory that must be written before it is used. */
  NDArray unwritten(NDArray array) {
    array.attach(memory);
    TracedValue value = new TracedValue(nextId++, Kind.CONSTANT, "", false, array);
    ArrayHandler handler = new ArrayHandler(this, value, new Memory()).unwritten();
    return proxy(handler, NDArray.class, Traced.class);
  }

  /**
   * Returns the stand-in of any array. One that was made past the tracer, by a manager of the
   * user's own, is a parameter, or else a constant, since reading what depends on an input is
   * refused. A constant is copied: its owner may close it any time.
   */
  NDArray standIn(NDArray array) {
    if (array instanceof Traced) {
      return array;
    }
    Parameter parameter = parameterArrays.get(array);
    return parameter == null ? constant(array.duplicate()) : parameter(parameter);
  }

  /** Returns what the trace knows of a stand-in. */
  TracedValue valueOf(Traced traced) {
    if (traced.tracer() != this) {
      throw refuse(
          "%s was kept from an earlier forward pass (used at %s); a block must not keep arrays in fields"
              .formatted(traced.tracedValue(), location()));
    }
    String fault = traced.fault();
    if (fault != null) {
      throw refuse("%s (used at %s)".formatted(fault, location()));
    }
    return traced.tracedValue();
  }

  /** Refuses a call. The trace fails even if the block catches the exception. */
  ExportException refuse(Method method, String why) {
    return refuse(Handlers.nameOf(method), why);
  }

  ExportException refuse(String method, String why) {
    return refuse("%s (called at %s) cannot be exported: %s".formatted(method, location(), why));
  }

  /** Says where the block is: the user's line, and the parameter that it used last. */
  private String location() {
    return CallSite.find() + (lastParameter.isEmpty() ? "" : ", after parameter " + lastParameter);
  }

  ExportException refuse(String message) {
    ExportException e = new ExportException(message);
    refused = refused == null ? e : refused;
    return e;
  }

  private NDArray parameter(Parameter parameter) {
    lastParameter = parameterNames.getOrDefault(parameter.getId(), parameter.getName());
    return parameters.computeIfAbsent(
        parameter.getId(),
        id -> {
          String name = parameterNames.get(id);
          if (name == null) {
            throw new ExportException(
                "parameter %s is used but not listed by getParameters() of the block; register its block with addChildBlock"
                    .formatted(parameter.getName()));
          }
          // A handle of the same memory: it records no gradients and goes with the trace.
          NDArray handle = parameter.getArray().stopGradient();
          return wrap(Kind.PARAMETER, name, false, handle, new Memory());
        });
  }

  private NDArray wrap(
      Kind kind, String name, boolean dependsOnInput, NDArray array, Memory shared) {
    NDScope.unregister(array); // a scope of the user's would close it before the trace ends
    array.attach(memory);
    TracedValue value = new TracedValue(nextId++, kind, name, dependsOnInput, array);
    memories.put(value.id(), shared);
    return proxy(new ArrayHandler(this, value, shared), NDArray.class, Traced.class);
  }

  NDArrayEx extension(NDArray array) {
    return proxy(new ExtensionHandler(this, array), NDArrayEx.class);
  }

  @SuppressWarnings("unchecked")
  private static <T> T proxy(InvocationHandler handler, Class<T> type, Class<?>... more) {
    Class<?>[] types = new Class<?>[more.length + 1];
    types[0] = type;
    System.arraycopy(more, 0, types, 1, more.length);
    return (T) Proxy.newProxyInstance(Tracer.class.getClassLoader(), types, handler);
  }

  /** Hands out the stand-ins of parameters; a parameter asked for twice is the same value. */
  private final class Parameters extends ParameterStore {

    Parameters() {
      super(managerProxy, false);
    }

    @Override
    public @Nullable NDArray getValue(
        @Nullable Parameter parameter, Device device, boolean training) {
      // A layer without bias asks for one all the same.
      return parameter == null ? null : Tracer.this.parameter(parameter);
    }
  }
}
