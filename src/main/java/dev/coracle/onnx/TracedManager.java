// SPDX-License-Identifier: Apache-2.0
package dev.coracle.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.reflect.Method;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the manager of traced arrays: what is created with it is a constant of the graph.
 */
final class TracedManager extends InterceptedManager {

  private static final Set<String> CREATES =
      Set.of("create", "zeros", "ones", "full", "arange", "eye", "linspace", "hanningWindow");

  private static final Set<String> QUESTIONS =
      Set.of("getDevice", "getEngine", "getName", "isOpen", "defaultDevice", "allocateDirect");

  /** One manager owns all arrays of a trace until it ends. */
  private static final Set<String> OWNERSHIP =
      Set.of("attachAll", "tempAttachAll", "close", "cap", "setName");

  private final Tracer tracer;
  private final NDManager manager;

  TracedManager(Tracer tracer, NDManager manager) {
    this.tracer = tracer;
    this.manager = manager;
  }

  @Override
  public String toString() {
    return "manager of a trace";
  }

  @Override
  @Nullable Object intercept(Method method, @Nullable Object... given) {
    String name = method.getName();
    tracer.requireTypes(method, given);
    if (name.equals("create") && given[0] instanceof Shape) {
      return tracer.unwritten(
          manager.zeros(
              (Shape) given[0], given.length > 1 ? (DataType) given[1] : DataType.FLOAT32));
    }
    if (CREATES.contains(name)) {
      return tracer.constant((NDArray) Objects.requireNonNull(call(method, given)));
    }
    if (QUESTIONS.contains(name)) {
      return call(method, given);
    }
    if (OWNERSHIP.contains(name)) {
      return null;
    }
    return switch (name) {
      case "newSubManager" -> this;
      case "from" -> given[0] instanceof NDArray array ? tracer.standIn(array) : null;
      case "ret" -> given[0];
      default ->
          throw tracer.refuse(
              method,
              "it has no counterpart in a graph; a manager may create constants (create, zeros, ones, full, arange, eye, linspace)");
    };
  }

  private @Nullable Object call(Method method, @Nullable Object[] given) {
    return StandIns.call(manager, method, given);
  }
}
