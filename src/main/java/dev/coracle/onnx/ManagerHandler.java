// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the manager of traced arrays: what is created with it is a constant of the graph.
 */
final class ManagerHandler implements InvocationHandler {

  private static final Set<String> CREATES =
      Set.of("create", "zeros", "ones", "full", "arange", "eye", "linspace", "hanningWindow");

  private static final Set<String> QUESTIONS =
      Set.of("getDevice", "getEngine", "getName", "isOpen", "defaultDevice");

  private final Tracer tracer;
  private final NDManager manager;

  ManagerHandler(Tracer tracer, NDManager manager) {
    this.tracer = tracer;
    this.manager = manager;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
      throws Throwable {
    @Nullable Object[] given = args == null ? new Object[0] : args;
    String name = method.getName();
    if (CREATES.contains(name) && Handlers.call(manager, method, given) instanceof NDArray array) {
      return tracer.constant(array);
    }
    if (QUESTIONS.contains(name)) {
      return Handlers.call(manager, method, given);
    }
    return switch (name) {
      // One manager owns all arrays of a trace until it ends.
      case "newSubManager" -> proxy;
      case "from" -> given[0];
      case "close", "cap", "ret", "setName" -> name.equals("ret") ? given[0] : null;
      case "hashCode" -> System.identityHashCode(proxy);
      case "equals" -> proxy == given[0];
      case "toString" -> "manager of a trace";
      default ->
          throw Handlers.refuse(
              method,
              "it has no counterpart in a graph; a manager may create constants (create, zeros, ones, full, arange, eye, linspace)");
    };
  }
}
