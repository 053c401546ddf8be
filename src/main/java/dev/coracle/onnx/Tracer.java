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
import dev.coracle.onnx.TracedValue.Kind;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
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
 * as a constant), writing in place (views of the array would change unseen), random numbers.
 *
 * <p>Used by one thread for one trace.
 */
final class Tracer {

  /** Implemented by the stand-ins of arrays. */
  interface Traced {
    TracedValue tracedValue();

    /** Returns the tracer whose trace the array belongs to. */
    Tracer tracer();
  }

  private final NDManager memory;
  private final List<TracedCall> calls = new ArrayList<>();
  private final Map<String, NDArray> parameters = new HashMap<>();
  private final Map<String, String> parameterNames = new HashMap<>();
  private final IdentityHashMap<NDArray, Parameter> parameterArrays = new IdentityHashMap<>();
  private final NDManager managerProxy;
  private int nextId;
  private @Nullable ExportException refused;

  private Tracer(NDManager memory, Block block) {
    this.memory = memory;
    this.managerProxy = proxy(new ManagerHandler(this, memory), NDManager.class);
    for (Pair<String, Parameter> parameter : block.getParameters()) {
      parameterNames.putIfAbsent(parameter.getValue().getId(), parameter.getKey());
      parameterArrays.put(parameter.getValue().getArray(), parameter.getValue());
    }
  }

  /**
   * Records {@code block} after {@code prepended} at one batch size.
   *
   * @param inputs names, shapes (batch axis first, its size ignored) and types
   * @return the trace; close it
   * @throws ExportException when the block does something that cannot be recorded
   */
  static Trace trace(
      Block block, UnaryOperator<NDList> prepended, List<InputSpec> inputs, long batch) {
    ParameterList parameters = block.getParameters();
    NDManager memory =
        parameters.isEmpty()
            ? NDManager.newBaseManager()
            : parameters.get(0).getValue().getArray().getManager().newSubManager();
    List<TracedValue> values = new ArrayList<>();
    try {
      Tracer tracer = new Tracer(memory, block);
      NDList arguments = new NDList();
      for (InputSpec input : inputs) {
        NDArray array = tracer.wrap(Kind.INPUT, input.name(), true, sample(memory, input, batch));
        arguments.add(array);
        values.add(((Traced) array).tracedValue());
      }
      NDList outputs = block.forward(tracer.new Parameters(), prepended.apply(arguments), false);
      return new Trace(batch, values, tracer.calls, tracer.outputs(outputs), memory);
    } catch (ExportException | Error e) {
      memory.close();
      throw e;
    } catch (RuntimeException e) {
      String message = "the block failed on %s: %s".formatted(values, e);
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
   * Small reproducible numbers; the graph does not depend on them, since reading them is refused.
   */
  private static NDArray sample(NDManager manager, InputSpec input, long batch) {
    long[] dims = input.shape().getShape().clone();
    dims[0] = batch;
    Shape shape = new Shape(dims);
    Random random = new Random(batch);
    if (input.type() == DataType.UINT8) {
      byte[] bytes = new byte[Math.toIntExact(shape.size())];
      random.nextBytes(bytes);
      return manager.create(ByteBuffer.wrap(bytes), shape, DataType.UINT8);
    }
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return manager.create(values, shape).toType(input.type(), false);
  }

  NDManager manager() {
    return managerProxy;
  }

  /** Records a call and returns the stand-ins of its results, one for each real array. */
  List<NDArray> record(
      String method, TracedValue receiver, List<@Nullable Object> arguments, NDList results) {
    List<NDArray> wrapped = new ArrayList<>();
    List<TracedValue> values = new ArrayList<>();
    boolean dependsOnInput = receiver.dependsOnInput() || dependsOnInput(arguments);
    for (NDArray result : results) {
      NDArray array = wrap(Kind.RESULT, "", dependsOnInput, result);
      wrapped.add(array);
      values.add(((Traced) array).tracedValue());
    }
    calls.add(new TracedCall(method, receiver, arguments, values, CallSite.find()));
    return wrapped;
  }

  private static boolean dependsOnInput(List<@Nullable Object> arguments) {
    for (Object argument : arguments) {
      if (argument instanceof TracedValue value && value.dependsOnInput()) {
        return true;
      }
      if (argument instanceof List<?> list
          && list.stream().anyMatch(v -> v instanceof TracedValue t && t.dependsOnInput())) {
        return true;
      }
    }
    return false;
  }

  NDArray constant(NDArray array) {
    return wrap(Kind.CONSTANT, "", false, array);
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
              .formatted(traced.tracedValue(), CallSite.find()));
    }
    return traced.tracedValue();
  }

  /** Refuses a call. The trace fails even if the block catches the exception. */
  ExportException refuse(Method method, String why) {
    return refuse(
        "%s (called at %s) cannot be exported: %s"
            .formatted(Handlers.nameOf(method), CallSite.find(), why));
  }

  private ExportException refuse(String message) {
    ExportException e = new ExportException(message);
    refused = refused == null ? e : refused;
    return e;
  }

  private NDArray parameter(Parameter parameter) {
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
          return wrap(Kind.PARAMETER, name, false, parameter.getArray().stopGradient());
        });
  }

  private NDArray wrap(Kind kind, String name, boolean dependsOnInput, NDArray array) {
    NDScope.unregister(array); // a scope of the user's would close it before the trace ends
    array.attach(memory);
    TracedValue value = new TracedValue(nextId++, kind, name, dependsOnInput, array);
    return proxy(new ArrayHandler(this, value), NDArray.class, Traced.class);
  }

  NDArrayEx extension(TracedValue value, NDArray wrapped) {
    return proxy(new ExtensionHandler(this, value, wrapped), NDArrayEx.class);
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
