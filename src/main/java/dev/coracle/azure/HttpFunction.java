// SPDX-License-Identifier: Apache-2.0
package dev.coracle.azure;

import com.microsoft.azure.functions.ExecutionContext;
import com.microsoft.azure.functions.HttpRequestMessage;
import dev.coracle.CoracleException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.logging.Logger;

/**
 * A function triggered by HTTP.
 *
 * @param path of its URL
 * @param methods in upper case; empty for all methods
 */
record HttpFunction(String name, String path, List<String> methods, Method method) {

  /**
   * Finds the method that function.json names.
   *
   * @throws CoracleException if it does not exist, or has parameters or a result that this host
   *     does not support
   */
  static HttpFunction find(FunctionJson json, String path, ClassLoader loader) {
    String entryPoint = json.entryPoint();
    int dot = entryPoint.lastIndexOf('.');
    try {
      Class<?> type = Class.forName(entryPoint.substring(0, Math.max(0, dot)), true, loader);
      String name = entryPoint.substring(dot + 1);
      List<Method> methods =
          Arrays.stream(type.getMethods()).filter(m -> m.getName().equals(name)).toList();
      if (methods.size() != 1) {
        throw new CoracleException(
            "function %s: expected one public method %s in %s, found %d"
                .formatted(json.name(), name, type.getName(), methods.size()));
      }
      requireSignature(json.name(), methods.get(0));
      return new HttpFunction(json.name(), path, json.methods(), methods.get(0));
    } catch (ClassNotFoundException | LinkageError e) {
      throw new CoracleException(
          "function %s: its entry point %s cannot be loaded from the jars of the archive (%s)"
              .formatted(json.name(), entryPoint, e),
          e);
    }
  }

  private static void requireSignature(String name, Method method) {
    List<String> types =
        Arrays.stream(method.getGenericParameterTypes()).map(t -> t.getTypeName()).toList();
    String request = HttpRequestMessage.class.getName() + "<java.util.Optional<java.lang.String>>";
    if (!types.equals(List.of(request, ExecutionContext.class.getName()))) {
      throw new CoracleException(
          "function %s: expected a method that takes HttpRequestMessage<Optional<String>> and ExecutionContext, found %s"
              .formatted(name, types));
    }
  }

  boolean takes(String verb) {
    return methods.isEmpty() || methods.contains(verb);
  }

  /** Calls a new instance, as Azure's worker does for each request. */
  LocalResponse call(LocalRequest request) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(method.getDeclaringClass().getClassLoader());
    try {
      Object instance = method.getDeclaringClass().getConstructor().newInstance();
      Object response = method.invoke(instance, request, new Context(name));
      if (response instanceof LocalResponse local) {
        return local;
      }
      throw new CoracleException(
          "function %s: expected a response made by the request's createResponseBuilder, got %s"
              .formatted(name, response == null ? "null" : response.getClass()));
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e;
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private record Context(String functionName, String invocationId) implements ExecutionContext {

    Context(String functionName) {
      this(functionName, UUID.randomUUID().toString());
    }

    @Override
    public Logger getLogger() {
      return Logger.getLogger(functionName);
    }

    @Override
    public String getInvocationId() {
      return invocationId;
    }

    @Override
    public String getFunctionName() {
      return functionName;
    }
  }
}
