// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Turns SIGTERM and SIGINT into a call, so that a program can stop in an orderly way with exit
 * status 0; by default the JVM ends with 143 or 130. A second signal ends the JVM at once, with
 * that status, and all programs that it has started.
 */
final class StopSignal {

  private StopSignal() {}

  /**
   * Calls {@code stop} on the first of the signals. Does nothing where the JVM has no module
   * jdk.unsupported, the only way to do this. Uses reflection, since the compiler's warning about
   * that module cannot be switched off.
   */
  static void handle(Runnable stop) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method handle = signal.getMethod("handle", signal, handler);
      AtomicBoolean stopping = new AtomicBoolean();
      for (String name : new String[] {"TERM", "INT"}) {
        Object number = signal.getConstructor(String.class).newInstance(name);
        Object once =
            Proxy.newProxyInstance(
                StopSignal.class.getClassLoader(),
                new Class<?>[] {handler},
                (proxy, method, arguments) -> {
                  if (!method.getName().equals("handle")) {
                    return method.invoke(stop, arguments); // equals, hashCode, toString
                  }
                  if (stopping.getAndSet(true)) {
                    end((int) signal.getMethod("getNumber").invoke(number));
                  }
                  stop.run();
                  return null;
                });
        handle.invoke(null, number, once);
      }
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      System.getLogger(StopSignal.class.getName())
          .log(System.Logger.Level.DEBUG, "signals are left to the JVM", e);
    }
  }

  /** Ends without shutdown hooks, which may wait for what the first signal began. */
  private static void end(int signal) {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    Runtime.getRuntime().halt(128 + signal);
  }
}
