// SPDX-License-Identifier: Apache-2.0
package dev.coracle.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Turns SIGTERM and SIGINT into a call, so that a program can stop in order and with exit status 0;
 * the JVM's own way ends with 143 and 130. The second signal ends the JVM at once, with that
 * status, and the programs that it has started.
 */
final class StopSignal {

  private StopSignal() {}

  /**
   * Calls {@code stop} on the first of the signals. Does nothing where the JVM has no module
   * jdk.unsupported, which alone can do this; by reflection, since the compiler warns of it and the
   * warning cannot be switched off.
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

  /** Ends without the hooks of a shutdown, which may wait for what the first signal began. */
  private static void end(int signal) {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    Runtime.getRuntime().halt(128 + signal);
  }
}
