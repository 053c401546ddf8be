// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for an array: answers questions about its form, records operations, refuses the rest.
 */
final class ArrayHandler implements InvocationHandler {

  /** Tell nothing of the content. The batch size is among them: three traces take care of that. */
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

  private static final Set<String> IN_PLACE =
      Set.of(
          "addi",
          "subi",
          "muli",
          "divi",
          "modi",
          "powi",
          "negi",
          "signi",
          "set",
          "setScalar",
          "intern",
          "copyTo",
          "put",
          "setRequiresGradient");

  private final Tracer tracer;
  private final TracedValue value;

  ArrayHandler(Tracer tracer, TracedValue value) {
    this.tracer = tracer;
    this.value = value;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
      throws Throwable {
    @Nullable Object[] given = args == null ? new Object[0] : args;
    String name = method.getName();
    switch (name) {
      case "tracedValue" -> {
        return value;
      }
      case "tracer" -> {
        return tracer;
      }
      case "getManager" -> {
        return tracer.manager();
      }
      case "getNDArrayInternal" -> {
        return tracer.extension(value, (NDArray) proxy);
      }
      case "hashCode" -> {
        return System.identityHashCode(proxy);
      }
      case "toString" -> {
        return value.toString();
      }
      default -> {}
    }
    if (name.equals("equals") && (proxy == given[0] || !(given[0] instanceof NDArray))) {
      return proxy == given[0]; // two different arrays would be compared by content
    }
    if (FORM.contains(name)) {
      return Handlers.call(value.array(), method, given);
    }
    if (OWNERSHIP.contains(name)) {
      return null;
    }
    if (IN_PLACE.contains(name)) {
      throw tracer.refuse(
          method,
          "it writes in place; use the method that returns a new array, such as add for addi");
    }
    if (returnsThis(name, given)) {
      return proxy;
    }
    if (!Handlers.givesArrays(method)) {
      return Handlers.read(tracer, value, method, given);
    }
    return Handlers.operate(tracer, value, value.array(), method, given);
  }

  /** Conversions to what the array already is give the array itself: no operation. */
  private boolean returnsThis(String name, @Nullable Object[] given) {
    return switch (name) {
      case "toType" -> value.array().getDataType().equals(given[0]);
      case "toDevice" -> value.array().getDevice().equals(given[0]);
      case "stopGradient", "duplicate" -> true;
      default -> false;
    };
  }
}
