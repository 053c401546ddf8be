// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import dev.coracle.onnx.TracedArray.Memory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What the stand-ins of arrays, extensions and managers have in common. */
final class StandIns {

  private static final String DROPOUT = "NDArrayEx.dropout";

  static final String GATHER_ND = "NDArray.gatherNd";
  private static final String MOD = "NDArray.mod";

  private StandIns() {}

  /** Refuses a DJL with methods unknown at build time, whose calls would not be recorded. */
  static void requireKnownDjl() {
    if (InterceptedArray.DJL.equals(versionOfDjl())) {
      return;
    }
    requireAllMethods(InterceptedArray.class);
    requireAllMethods(InterceptedExtension.class);
    requireAllMethods(InterceptedManager.class);
  }

  /** Requires a class to implement all methods of its interface, including default methods. */
  static void requireAllMethods(Class<?> standIn) {
    Set<String> missing = new TreeSet<>();
    for (Method method : standIn.getInterfaces()[0].getMethods()) {
      if (!Modifier.isStatic(method.getModifiers())
          && method(standIn, method.getName(), method.getParameterTypes()).getDeclaringClass()
              != standIn) {
        missing.add(nameOf(method));
      }
    }
    if (!missing.isEmpty()) {
      String version = versionOfDjl();
      throw new ExportException(
          "DJL %s has methods that this Coracle was not built for, so that calls of them would be missed: %s; use DJL %s, or build Coracle with the other, -Ddjl.version=…"
              .formatted(
                  version == null ? "(of no stated version)" : version,
                  missing,
                  InterceptedArray.DJL));
    }
  }

  /** Returns null where DJL's classes are in another jar than its own. */
  private static @Nullable String versionOfDjl() {
    return NDArray.class.getPackage().getSpecificationVersion();
  }

  /** Returns {@code NDArray.reshape} and the like, the name under which a call is recorded. */
  static String nameOf(Method method) {
    return method.getDeclaringClass().getSimpleName() + "." + method.getName();
  }

  /** Tells whether a method returns an array or a list of arrays. */
  static boolean givesArrays(Method method) {
    return method.getReturnType() == NDArray.class || method.getReturnType() == NDList.class;
  }

  /**
   * Tells whether DJL's interface implements a method by others, such as {@code sum(axes)} by
   * {@code sum(axes, false)}, and the engine does not override it: then those others are recorded.
   */
  static boolean isComposed(Object target, Method method) {
    return method.isDefault()
        && givesArrays(method)
        && method(target.getClass(), method.getName(), method.getParameterTypes()).isDefault();
  }

  /** Returns a public method that is known to exist. */
  static Method method(Class<?> type, String name, Class<?>... parameters) {
    try {
      return type.getMethod(name, parameters);
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Calls the engine, and throws the engine's exception without the reflective wrapper. */
  static @Nullable Object call(Object target, Method method, @Nullable Object... arguments) {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause()); // recorded methods declare no others
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e); // these methods are public
    }
  }

  /**
   * Calls an operation with real arrays and records it.
   *
   * @param target the real array of the receiver, or its NDArrayEx
   * @return stand-ins: an NDArray or an NDList, as the method returns
   */
  static Object operate(
      TracedArray receiver, Object target, Method method, @Nullable Object... given) {
    Tracer tracer = receiver.tracer();
    if (!givesArrays(method)) {
      throw tracer.refuse(
          method,
          "its result is no array, so what follows from it could not be recorded; compute with methods that return arrays");
    }
    tracer.requireTypes(method, given);
    List<@Nullable Object> recorded = new ArrayList<>();
    for (Object argument : given) {
      recorded.add(recorded(tracer, argument));
    }
    boolean dependsOnInput = dependsOnInput(receiver.value(), recorded);
    if (dependsOnInput && !tracer.isTranslated(nameOf(method))) {
      // Before it runs: it might write in place.
      throw tracer.refuse(method, Refusals.reason(nameOf(method)));
    }
    @Nullable Object[] real = real(tracer, given);
    if (nameOf(method).equals(GATHER_ND)) { // the engine modifies the indices in place
      real[0] = ((NDArray) Objects.requireNonNull(real[0])).duplicate();
    }
    if (nameOf(method).equals(MOD)
        && recorded.get(0) instanceof TracedValue divisor
        && divisor.dependsOnInput()) { // a placeholder consists of zeros
      real[0] = divisor.array().onesLike();
    }
    Object result = Objects.requireNonNull(call(target, method, real));
    if (result instanceof NDArray array) {
      return record(receiver, nameOf(method), recorded, array);
    }
    // The only method whose result may share the memory of its argument instead of the receiver's.
    Memory source =
        nameOf(method).equals(DROPOUT) && given[0] instanceof TracedArray dropped
            ? dropped.memory()
            : receiver.memory();
    NDList list = (NDList) result;
    if (list.size() == 1 && list.get(0) == receiver.value().array()) {
      return new NDList(receiver);
    }
    return new NDList(tracer.record(nameOf(method), receiver, recorded, list, source));
  }

  /** Records a finished call with one result. */
  static NDArray record(
      TracedArray receiver, String method, List<@Nullable Object> recorded, NDArray result) {
    if (result == receiver.value().array()) {
      return receiver;
    }
    return receiver
        .tracer()
        .record(method, receiver, recorded, new NDList(result), receiver.memory())
        .get(0);
  }

  static boolean dependsOnInput(TracedValue receiver, List<@Nullable Object> arguments) {
    if (receiver.dependsOnInput()) {
      return true;
    }
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

  static boolean dependOnInput(TracedArray receiver, @Nullable Object[] given) {
    List<@Nullable Object> recorded = new ArrayList<>();
    for (Object argument : given) {
      recorded.add(recorded(receiver.tracer(), argument));
    }
    return dependsOnInput(receiver.value(), recorded);
  }

  /** Calls a method that reads content, unless some of it depends on the input. */
  static @Nullable Object read(TracedArray receiver, Method method, @Nullable Object... given) {
    Tracer tracer = receiver.tracer();
    if (dependOnInput(receiver, given)) {
      throw tracer.refuse(
          method,
          "it reads the content of an array that depends on the input, so the graph would hold for this input alone; compute with methods that return arrays"
              + (method.getName().equals("toByteBuffer")
                  ? ", create other arrays with getManager() of the input, and take parameters from the ParameterStore"
                  : ""));
    }
    return call(receiver.value().array(), method, real(tracer, given));
  }

  static @Nullable Object[] real(Tracer tracer, @Nullable Object[] given) {
    @Nullable Object[] real = new Object[given.length];
    for (int i = 0; i < given.length; i++) {
      real[i] = real(tracer, given[i]);
    }
    return real;
  }

  /** Returns the engine's own array, or list or array of them, behind an argument. */
  private static @Nullable Object real(Tracer tracer, @Nullable Object argument) {
    if (argument instanceof TracedArray traced) {
      return tracer.valueOf(traced).array();
    }
    if (argument instanceof NDList list) {
      NDList real = new NDList();
      list.forEach(array -> real.add((NDArray) real(tracer, array)));
      return real;
    }
    if (argument instanceof NDArray[] arrays) {
      return Arrays.stream(arrays).map(a -> real(tracer, a)).toArray(NDArray[]::new);
    }
    if (argument instanceof NDIndex index) {
      return new TracingIndexer(tracer).takeApart(index).real();
    }
    return tracer.isManager(argument) ? tracer.realManager() : argument;
  }

  private static @Nullable Object recorded(Tracer tracer, @Nullable Object argument) {
    if (argument instanceof NDArray array) {
      return tracer.valueOf(tracer.standIn(array));
    }
    if (argument instanceof NDList list) {
      return list.stream().map(array -> recorded(tracer, array)).toList();
    }
    if (argument instanceof NDArray[] arrays) {
      return Arrays.stream(arrays).map(array -> recorded(tracer, array)).toList();
    }
    if (argument instanceof NDIndex index) {
      return new TracingIndexer(tracer).takeApart(index).arguments();
    }
    return tracer.isManager(argument) ? "manager" : argument;
  }
}
