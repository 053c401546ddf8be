// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import dev.coracle.onnx.TracedValue.Kind;
import java.lang.reflect.Method;
import java.nio.Buffer;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for an array: answers calls about its form, records operations, refuses the rest.
 *
 * <p>A write in place is recorded as the operation that returns a new array, and this stand-in
 * represents that array from then on. Others that may be views of the same memory cannot follow the
 * change, so their use is refused from then on.
 */
final class TracedArray extends InterceptedArray {

  /**
   * Methods that reveal nothing of the content. They include sizes, which the traces at several
   * sizes account for.
   */
  private static final Set<String> FORM =
      Set.of(
          "getShape",
          "getDataType",
          "getDevice",
          "getSparseFormat",
          "isSparse",
          "isScalar",
          "isEmpty",
          "size",
          "getName",
          "setName",
          "getUid",
          "isReleased",
          "hasGradient",
          "shapeEquals");

  /** The trace owns its arrays until it ends. */
  private static final Set<String> OWNERSHIP =
      Set.of("attach", "tempAttach", "returnResource", "detach", "close");

  /** Methods that write in place, and those that return the same result as a new array. */
  static final Map<String, String> IN_PLACE =
      Map.of(
          "addi", "add", "subi", "sub", "muli", "mul", "divi", "div", "modi", "mod", "powi", "pow",
          "negi", "neg", "signi", "sign");

  /** Methods that write in place without such a counterpart, supported on constants only. */
  private static final Set<String> WRITES =
      Set.of("set", "setScalar", "intern", "setRequiresGradient");

  private static final Method EQUALS = StandIns.method(Object.class, "equals", Object.class);

  private final Tracer tracer;
  private final Memory memory;
  private TracedValue value;
  private int version;
  private boolean written;

  TracedArray(Tracer tracer, TracedValue value, Memory memory) {
    this.tracer = tracer;
    this.value = value;
    this.memory = memory;
    this.version = memory.version;
    this.written = true;
  }

  /** The memory of an array and all that may be views of it. */
  static final class Memory {

    /**
     * Calls whose result is certain to have memory of its own. A method missing here causes a
     * refusal where an array is written in place and another is used afterwards; one listed here
     * wrongly, a wrong graph.
     */
    private static final Set<String> GIVES_NEW =
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
            "NDArray.sum",
            "NDArray.mean",
            "NDArray.prod",
            "NDArray.max",
            "NDArray.min",
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

    private int version;

    /** Tells whether the result of a call shares no memory with its receiver and arguments. */
    static boolean isNewFrom(String method) {
      return GIVES_NEW.contains(method);
    }
  }

  /** Marks the memory as not written yet, and returns this. */
  TracedArray unwritten() {
    written = false;
    return this;
  }

  TracedValue value() {
    return value;
  }

  /** Returns the tracer whose trace the array belongs to. */
  Tracer tracer() {
    return tracer;
  }

  Memory memory() {
    return memory;
  }

  @Override
  public NDManager getManager() {
    return tracer.manager();
  }

  @Override
  public NDArrayEx getNDArrayInternal() {
    return new TracedExtension(tracer, this);
  }

  /** As with DJL's arrays, two are compared by content. */
  @Override
  public boolean equals(@Nullable Object other) {
    if (this == other || !(other instanceof NDArray)) {
      return this == other;
    }
    tracer.valueOf(this);
    return (boolean) Objects.requireNonNull(StandIns.read(this, EQUALS, other));
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return value.toString();
  }

  @Override
  @Nullable Object intercept(Method method, @Nullable Object... given) {
    String name = method.getName();
    if (FORM.contains(name)) {
      return StandIns.call(value.array(), method, given);
    }
    if (OWNERSHIP.contains(name)) {
      return null;
    }
    if (!written && name.equals("set") && given[0] instanceof Buffer) { // overwrites all of it
      return writeConstant(method, given);
    }
    tracer.valueOf(this);
    String counterpart = IN_PLACE.get(name);
    if (counterpart != null) {
      Method pure = StandIns.method(NDArray.class, counterpart, method.getParameterTypes());
      return write(method, (NDArray) StandIns.operate(this, value.array(), pure, given));
    }
    if (name.equals("copyTo")) {
      return copyTo(method, given[0]);
    }
    if (WRITES.contains(name)) {
      return writeConstant(method, given);
    }
    if (returnsThis(name, given)) {
      return this;
    }
    if (isIndexing(method) || StandIns.isComposed(value.array(), method)) {
      return DEFAULT; // indexing reaches the indexer of TracedExtension in the end
    }
    if (!StandIns.givesArrays(method)) {
      return StandIns.read(this, method, given);
    }
    if (StandIns.nameOf(method).equals(StandIns.GATHER_ND)) {
      return gatherNd(method, given);
    }
    return StandIns.operate(this, value.array(), method, given);
  }

  /**
   * With several coordinates, DJL's PyTorch engine modifies the indices. So they must not be used
   * again, or be a parameter.
   */
  private Object gatherNd(Method method, @Nullable Object[] given) {
    TracedArray index = tracer.standIn((NDArray) Objects.requireNonNull(given[0]));
    boolean writes = index.value.array().getShape().get(0) > 1;
    if (writes && index.value.kind() == Kind.PARAMETER) {
      throw tracer.refuse(method, "it changes its indices; give it a duplicate");
    }
    Object result = StandIns.operate(this, value.array(), method, index);
    if (writes) {
      index.memory.version++;
    }
    return result;
  }

  private static boolean isIndexing(Method method) {
    if (!method.getName().equals("get") || !method.isDefault()) {
      return false;
    }
    Class<?>[] types = method.getParameterTypes();
    return types[0] != NDArray.class // get(NDArray) is booleanMask or take
        && (types[types.length - 1] == NDIndex.class
            || types[0] == String.class
            || types[0] == long[].class
            || types[0] == NDManager.class);
  }

  /** Says why the array may not be used, or returns null. */
  @Nullable String fault() {
    if (!written) {
      return "it gives memory that nothing has written yet; use zeros, or create with values";
    }
    return version == memory.version
        ? null
        : value
            + " may be a view of an array that has been written in place since it was made; use the method that returns a new array, such as add for addi";
  }

  /** Represents another array from now on, as the memory has been written. */
  private void become(TracedArray other) {
    value = tracer.valueOf(other);
    version = ++memory.version;
    written = true;
  }

  /** Tells whether the engine, writing in place, casts back a result computed in another type. */
  private static boolean isCast(DataType from, DataType to) {
    return from != to
        && (to.isFloating() || !from.isFloating())
        && to != DataType.BOOLEAN
        && from != DataType.COMPLEX64;
  }

  /** Makes this represent the result of the operation that was recorded for a write in place. */
  TracedArray write(Method method, NDArray computed) {
    DataType own = value.array().getDataType();
    NDArray now = isCast(computed.getDataType(), own) ? computed.toType(own, false) : computed;
    if (value.kind() == Kind.PARAMETER) {
      throw tracer.refuse(method, "it changes the parameter " + value.name());
    }
    if (!now.getShape().equals(value.array().getShape())
        || now.getDataType() != value.array().getDataType()) {
      throw tracer.refuse(
          method, "it writes %s over %s in place".formatted(now, value)); // as the engine would
    }
    become((TracedArray) now);
    return this;
  }

  private @Nullable Object copyTo(Method method, @Nullable Object argument) {
    if (!(argument instanceof TracedArray target)
        || !target.value.array().getShape().equals(value.array().getShape())
        || target.value.array().getDataType() != value.array().getDataType()
        || target.value.kind() == Kind.PARAMETER) {
      throw tracer.refuse(
          method,
          "it writes %s over %s; expected an array of the same shape and type that getManager() of the input made"
              .formatted(value, argument));
    }
    target.become(this);
    return null;
  }

  /** Writes into a copy, since earlier calls must keep the constant's earlier content. */
  private @Nullable Object writeConstant(Method method, @Nullable Object[] given) {
    if (value.kind() == Kind.PARAMETER || StandIns.dependOnInput(this, given)) {
      throw tracer.refuse(method, Refusals.reason("NDArray.set"));
    }
    NDArray copy = value.array().duplicate();
    Object result = StandIns.call(copy, method, StandIns.real(tracer, given));
    become(tracer.constant(copy));
    return result == copy ? this : null;
  }

  /**
   * Tells whether a conversion returns the array itself, which already has that type or device: no
   * operation.
   */
  private boolean returnsThis(String name, @Nullable Object[] given) {
    return switch (name) {
      case "toType" ->
          value.array().getDataType().equals(given[0]) && Boolean.FALSE.equals(given[1]);
      case "toDevice" -> value.array().getDevice().equals(given[0]);
      default -> false;
    };
  }
}
