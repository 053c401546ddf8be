// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Stands in for NDArrayEx, where DJL keeps the neural network's operations. */
final class ExtensionHandler implements InvocationHandler {

  private static final Set<String> IN_PLACE = Set.of("rdivi", "rmodi", "rsubi", "rpowi");

  private final Tracer tracer;
  private final TracedValue value;
  private final NDArray wrapped;

  ExtensionHandler(Tracer tracer, TracedValue value, NDArray wrapped) {
    this.tracer = tracer;
    this.value = value;
    this.wrapped = wrapped;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
      throws Throwable {
    @Nullable Object[] given = args == null ? new Object[0] : args;
    switch (method.getName()) {
      case "getArray" -> {
        return wrapped;
      }
      case "getIndexer" -> throw tracer.refuse(method, "indexing is not translated yet");
      case "hashCode" -> {
        return System.identityHashCode(proxy);
      }
      case "equals" -> {
        return proxy == given[0];
      }
      case "toString" -> {
        return "NDArrayEx of " + value;
      }
      default -> {}
    }
    boolean stochastic = method.getName().equals("dropout") || method.getName().equals("batchNorm");
    if (stochastic && Boolean.TRUE.equals(given[given.length - 1])) {
      throw tracer.refuse(
          method, "it was called with training=true; pass on the flag that forward received");
    }
    if (IN_PLACE.contains(method.getName())) {
      throw tracer.refuse(method, "it writes in place; use the method that returns a new array");
    }
    return Handlers.operate(tracer, value, value.array().getNDArrayInternal(), method, given);
  }
}
