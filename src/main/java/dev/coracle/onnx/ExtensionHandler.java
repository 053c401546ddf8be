// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Stands in for NDArrayEx, where DJL keeps the neural network's operations. */
final class ExtensionHandler implements InvocationHandler {

  static final Map<String, String> IN_PLACE =
      Map.of("rdivi", "rdiv", "rmodi", "rmod", "rsubi", "rsub", "rpowi", "rpow");

  /** Behave in another way while training, and say so in their last argument but for some. */
  private static final Set<String> TRAINING = Set.of("dropout", "batchNorm", "rnn", "lstm", "gru");

  private final Tracer tracer;
  private final Tracer.Traced array;

  ExtensionHandler(Tracer tracer, NDArray array) {
    this.tracer = tracer;
    this.array = (Tracer.Traced) array;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
      throws Throwable {
    @Nullable Object[] given = args == null ? new Object[0] : args;
    switch (method.getName()) {
      case "getArray" -> {
        return array;
      }
      case "getIndexer" -> {
        return new TracingIndexer(tracer);
      }
      case "hashCode" -> {
        return System.identityHashCode(proxy);
      }
      case "equals" -> {
        return proxy == given[0];
      }
      case "toString" -> {
        return "NDArrayEx of " + array;
      }
      default -> {}
    }
    TracedValue value = tracer.valueOf(array);
    if (TRAINING.contains(method.getName()) && isTraining(method, given)) {
      throw tracer.refuse(
          method, "it was called with training=true; pass on the flag that forward received");
    }
    String counterpart = IN_PLACE.get(method.getName());
    if (counterpart != null) {
      Method pure = NDArrayEx.class.getMethod(counterpart, method.getParameterTypes());
      NDArray result = (NDArray) Objects.requireNonNull(invoke(proxy, pure, given));
      return ArrayHandler.write(array, method, result);
    }
    if (!tracer.isTranslated(Handlers.nameOf(method))
        && Handlers.isComposed(value.array().getNDArrayInternal(), method)) {
      return InvocationHandler.invokeDefault(proxy, method, args);
    }
    return Handlers.operate(array, value.array().getNDArrayInternal(), method, given);
  }

  /** Finds the flag: it is the last boolean, but followed by two others where there are layers. */
  private static boolean isTraining(Method method, @Nullable Object[] given) {
    boolean recurrent = Set.of("rnn", "lstm", "gru").contains(method.getName());
    return Boolean.TRUE.equals(given[given.length - (recurrent ? 3 : 1)]);
  }
}
